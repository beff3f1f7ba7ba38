import assert from "node:assert/strict";

/** Every benchmark, and an option that it has. */
const MAINS = {
  "main.ts": "--runs",
  "servers/main.ts": "--only",
  "queue/main.ts": "--quick",
  "state/main.ts": "--check",
  "tuning/main.ts": "--json",
};

async function run(file: string, ...args: string[]) {
  const main = new URL(file, import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", main, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

for (const [file, option] of Object.entries(MAINS)) {
  Deno.test(`the benchmark ${file} prints its options, and rejects others in one line`, async () => {
    const [help, unknown] = await Promise.all([run(file, "--help"), run(file, "--qick")]);
    assert.equal(help.code, 0, help.stderr);
    assert.match(help.stdout, /^ {2}deno task bench/m);
    assert.match(help.stdout, new RegExp(`^  ${option}( |$)`, "m"));
    assert.equal(unknown.code, 2);
    assert.match(
      unknown.stderr,
      /^there is no option --qick; did you mean --quick\?; see `deno task bench\S* --help`\n$/,
    );
  });
}

Deno.test("a benchmark says which values an option has, and that it takes no arguments", async () => {
  const [value, stray] = await Promise.all([
    run("servers/main.ts", "--only", "ftp"),
    run("tuning/main.ts", "fast"),
  ]);
  assert.equal(value.code, 2);
  assert.match(value.stderr, /^--only must be one of http, tcp, redis, not ftp; see .*\n$/);
  assert.equal(stray.code, 2);
  assert.match(stray.stderr, /^Unexpected argument 'fast'.*\n$/);
});
