// A queue over TLS, with a certificate of an authority that the test makes.

import assert from "node:assert/strict";
import { redisServer } from "../../../testing/mod.ts";
import { candidatePorts } from "../../../testing/ports.ts";
import { hasOpenssl, makeCertificates } from "../../support/certificates.ts";
import { Program, ROOT } from "../../support/program.ts";

/** A server with TLS, and programs that trust its authority. */
async function withTls(
  clientCertificates: "yes" | "no",
  body: (ports: { tls: number; plain: number }, run: RunProgram) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: `ringbus-test-${Deno.pid}-` });
  try {
    const { ca, cert, key } = await makeCertificates("IP:127.0.0.1");
    for (const [name, text] of Object.entries({ ca, cert, key })) {
      await Deno.writeTextFile(`${directory}/${name}.pem`, text);
    }
    const tls = candidatePorts().next().value!;
    await using server = await redisServer({
      config: {
        "tls-port": tls,
        "tls-cert-file": `${directory}/cert.pem`,
        "tls-key-file": `${directory}/key.pem`,
        "tls-ca-cert-file": `${directory}/ca.pem`,
        "tls-auth-clients": clientCertificates,
      },
    });
    let programs = 0;
    const config = new URL("deno.json", ROOT).pathname;
    await body({ tls, plain: server.port }, async (text, isTrusting = true) => {
      const file = `${directory}/program_${programs++}.ts`;
      await Deno.writeTextFile(file, text);
      const trust = isTrusting ? [`--cert=${directory}/ca.pem`] : [];
      return new Program(["--allow-net", `--config=${config}`, ...trust, file]);
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

type RunProgram = (text: string, isTrusting?: boolean) => Promise<Program>;

function urlOf(path: string): string {
  return String(new URL(path, ROOT));
}

Deno.test({
  name: "rediss:// uses TLS, and trusts only the configured authority",
  ignore: !hasOpenssl(),
  fn: () =>
    withTls("no", async ({ tls }, run) => {
      const text = `
        import { RedisMessageQueue } from "${urlOf("backends/queue/redis/mod.ts")}";
        const redisUrl = "rediss://127.0.0.1:${tls}";
        await using queue = new RedisMessageQueue({ redisUrl, deadlineMs: 1000 });
        await queue.initialize();
        await queue.publish({ channel: "c", payload: 1, sourceAgent: "a", targetAgent: "b" });
        console.log(await queue.count());
      `;
      await using trusting = await run(text);
      assert.deepEqual(await trusting.lines(), ["1"]);
      await using wary = await run(text, false);
      assert.equal((await wary.ended()).success, false);
      assert.match(wary.output, /QueueConnectionError.*certificate/);
    }),
});

/** What opens a connection to Redis, and prints how that ended. */
const OPENERS: Record<string, string> = {
  queue: `
    import { RedisMessageQueue } from "${urlOf("backends/queue/redis/mod.ts")}";
    const queue = new RedisMessageQueue({ redisUrl: URL, deadlineMs: 500 });
    await queue.initialize().catch((error) => console.log(error.name));
    await queue.close();`,
  state: `
    import { RedisBackend } from "${urlOf("backends/state/mod.ts")}";
    const backend = new RedisBackend({ redisUrl: URL });
    await backend.connect().catch((error) => console.log(error.name));
    await backend.close();`,
  doctor: `
    import { redisDiagnostics } from "${urlOf("cli/doctor/redis.ts")}";
    const [diagnostic] = await redisDiagnostics(URL);
    console.log(diagnostic.level);`,
};
const OUTCOMES = /^Queue(Connection|Timeout)Error SharedBackendConnectionError failure$/;

Deno.test({
  name: "a failed handshake of TLS is an error of the call, and never ends the program",
  ignore: !hasOpenssl(),
  fn: () =>
    withTls("yes", async ({ tls, plain }, run) => {
      const urls = {
        "no certificate of the client": `rediss://127.0.0.1:${tls}`,
        "a server without TLS": `rediss://127.0.0.1:${plain}`,
        "a client without TLS": `redis://127.0.0.1:${tls}`,
      };
      await Promise.all(
        Object.entries(urls).map(async ([name, url]) => {
          const outcomes = await Promise.all(
            Object.values(OPENERS).map(async (text) => {
              await using program = await run(text.replaceAll("URL", JSON.stringify(url)));
              assert.equal((await program.ended()).success, true, `${name}: ${program.output}`);
              return program.output.trim();
            }),
          );
          assert.match(outcomes.join(" "), OUTCOMES, name);
        }),
      );
    }),
});
