// The unit of systemd: systemd reads it without a complaint, and its command lines run as they stand.

import assert from "node:assert/strict";
import { freePort } from "../support/free_port.ts";
import { ROOT, Running } from "../support/program.ts";
import { makeScratchDirectory } from "../support/scratch.ts";

const UNIT = new URL("examples/deployment/ringbus.service", ROOT);
const PROGRAM = "/usr/local/bin/ringbus";
const CURL = "/usr/bin/curl";

/** The values of a unit by their names. */
function settingsIn(unit: string): Map<string, string> {
  const lines = unit.split("\n").filter((line) => /^[A-Z]/.test(line));
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

function isInstalled(command: string): boolean {
  try {
    return new Deno.Command(command, { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

Deno.test({
  name: "the unit of the deployment page: systemd accepts it",
  ignore: !isInstalled("systemd-analyze"),
  fn: async () => {
    const folder = Deno.makeTempDirSync({ prefix: "ringbus-test-unit-" });
    try {
      const file = `${folder}/ringbus.service`;
      // systemd wants the programs to be installed. An unknown name shows that it reads the file.
      const unit = Deno.readTextFileSync(UNIT)
        .replaceAll(PROGRAM, Deno.execPath()).replaceAll(CURL, Deno.execPath())
        .replace("[Service]", "[Service]\nNonsense=1");
      Deno.writeTextFileSync(file, unit);
      await using verify = new Running("systemd-analyze", "systemd-analyze", ["verify", file]);
      await verify.ended();
      const complaints = verify.output.split("\n").filter((line) => /ringbus\.service/.test(line));
      assert.equal(complaints.length, 1, verify.output);
      assert.match(complaints[0], /Unknown key (name )?'Nonsense'/);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test("the unit of the deployment page: its commands serve, report readiness, and end at its signal", async () => {
  const folder = makeScratchDirectory();
  try {
    const settings = settingsIn(Deno.readTextFileSync(UNIT));
    const http = freePort();
    const tcp = 0;
    Deno.writeTextFileSync(`${folder}/token`, "s3cret\n");
    const wordsOf = (name: string) =>
      settings.get(name)!.replace("${CREDENTIALS_DIRECTORY}", folder)
        .replaceAll("8080", `${http}`).replaceAll("31134", `${tcp}`).split(" ");
    const [program, ...words] = wordsOf("ExecStart");
    assert.equal(program, PROGRAM);
    const [variable, directory] = settings.get("Environment")!.split("=");
    assert.equal(directory, `/run/${settings.get("RuntimeDirectory")}`);
    const env = { [variable]: folder };
    const run = ["run", "--quiet", "--no-prompt", "-A", "main.ts", ...words];
    await using service = new Running("ringbus serve", Deno.execPath(), run, { env });
    const [curl, ...question] = wordsOf("ExecStartPost");
    assert.equal(curl, CURL);
    await using ready = new Running("ExecStartPost", "curl", question);
    await ready.lines();
    const topics = `http://127.0.0.1:${http}/topics`;
    const status = async (headers: Record<string, string>) => {
      const response = await fetch(topics, { headers });
      await response.body?.cancel();
      return response.status;
    };
    assert.equal(await status({}), 401);
    assert.notEqual(await status({ authorization: "Bearer s3cret" }), 401);
    service.kill(settings.get("KillSignal") as Deno.Signal);
    assert.match((await service.lines()).at(-1)!, /^stopped; /);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
