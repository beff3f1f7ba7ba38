// A queue over TLS, with a certificate of an authority that the test makes.

import assert from "node:assert/strict";
import { redisServer } from "../../../testing/mod.ts";
import { candidatePorts } from "../../../testing/ports.ts";
import { Program, ROOT } from "../../support/program.ts";

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes an authority, and its certificate for the loopback address. */
async function makeCertificates(directory: string): Promise<void> {
  await Deno.writeTextFile(`${directory}/names`, "subjectAltName=IP:127.0.0.1");
  for (
    const args of [
      ["req", "-x509", ...KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test"],
      ["req", ...KEY, "-keyout", "key.pem", "-out", "request", "-subj", "/CN=localhost"],
      ["x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        .concat(["-out", "cert.pem", "-days", "2", "-extfile", "names"]),
    ]
  ) {
    const { success, stderr } = await new Deno.Command("openssl", { args, cwd: directory })
      .output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  }
}

function hasOpenssl(): boolean {
  try {
    return new Deno.Command("openssl", { args: ["version"] }).outputSync().success;
  } catch {
    return false;
  }
}

Deno.test({
  name: "rediss:// uses TLS, and trusts only the configured authority",
  ignore: !hasOpenssl(),
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: `ringbus-test-${Deno.pid}-` });
    try {
      await makeCertificates(directory);
      const port = candidatePorts().next().value;
      await using _server = await redisServer({
        config: {
          "tls-port": port,
          "tls-cert-file": `${directory}/cert.pem`,
          "tls-key-file": `${directory}/key.pem`,
          "tls-ca-cert-file": `${directory}/ca.pem`,
          "tls-auth-clients": "no",
        },
      });
      const file = `${directory}/program.ts`;
      await Deno.writeTextFile(
        file,
        `
        import { RedisMessageQueue } from "${new URL("backends/queue/redis/mod.ts", ROOT)}";
        const redisUrl = "rediss://127.0.0.1:${port}";
        await using queue = new RedisMessageQueue({ redisUrl, deadlineMs: 1000 });
        await queue.initialize();
        await queue.publish({ channel: "c", payload: 1, sourceAgent: "a", targetAgent: "b" });
        console.log(await queue.count());
      `,
      );
      const config = new URL("deno.json", ROOT).pathname;
      const args = ["--allow-net", `--config=${config}`];
      await using trusting = new Program([...args, `--cert=${directory}/ca.pem`, file]);
      assert.deepEqual(await trusting.lines(), ["1"]);
      await using wary = new Program([...args, file]);
      assert.equal((await wary.ended()).success, false);
      assert.match(wary.output, /QueueConnectionError.*certificate/);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
