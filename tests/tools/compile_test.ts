// The program as one file: the single binary, or the bundle that it is made of, alone in a folder. Every
// subcommand runs with the permissions of the binary, and without other files.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { bundle, compile } from "../../tools/compile/build.ts";
import { allCommands, COMMANDS } from "../../cli/commands.ts";
import { redisServer } from "../../testing/mod.ts";
import { inShell, type Shell } from "../support/command_line.ts";
import { LineClient } from "../support/line_client.ts";
import { ROOT, Running } from "../support/program.ts";
import { SERVE, untilServing } from "../support/serve.ts";
import { type SingleProgram, singleProgram } from "../support/single_program.ts";

type Case = (shell: Shell) => Promise<void>;

const WAIT = ["--timeout-ms", "20000"];

const serves: Case = async ({ start }) => {
  await using server = start(SERVE);
  const { httpUrl, tcpPort } = await untilServing(server);
  assert.match(await (await fetch(`${httpUrl}/metrics`)).text(), /^ringbus_topics 0$/m);
  const page = await fetch(httpUrl, { headers: { accept: "text/html" } });
  assert.match(await page.text(), /<!doctype html>/i);
  await using client = await LineClient.open(tcpPort);
  assert.equal(await client.request("PING"), "PONG");
  client.close();
  server.kill("SIGTERM");
  await server.lines();
};

const shows: Case = async ({ start }) => {
  await using server = start(["dashboard", "--json", "--port", "0"]);
  await server.prints("}\n");
  const { url } = JSON.parse(server.output.split("\n").find((line) => line.startsWith("{"))!);
  assert.match(await (await fetch(`${url}/metrics`)).text(), /^ringbus_channels 0$/m);
  const details = await fetch(`${url}/channel_details?channel=none`);
  assert.match((await details.json()).error, /has no channel "none"/);
  server.kill("SIGTERM");
  await server.lines();
};

const publishes: Case = async ({ run, start }) => {
  await using sub = start(["sub", "news", "--limit", "2"]);
  const { code, stderr } = await run(["pub", "news", "--wait", "1", '{"$bigint":"2"}']);
  assert.equal(code, 0, stderr);
  assert.deepEqual((await sub.lines()).slice(1), ["1", '{"$bigint":"2"}']);
};

const pushes: Case = async ({ run }) => {
  await run(["push", "jobs"], { input: '"a"\n"b"\n' });
  assert.equal((await run(["pull", "jobs", "-n", "2", ...WAIT])).stdout, '"a"\n"b"\n');
};

const requests: Case = async ({ run, start }) => {
  await using rep = start(["rep", "calc", "--limit", "1", "--", "cat"]);
  assert.equal((await run(["req", "calc", '{"n":1}', ...WAIT])).stdout, '{"n":1}\n');
  await rep.lines();
};

const examines: Case = async ({ run }) => {
  await using redis = await redisServer();
  const { code, stdout, stderr } = await run(["doctor", "--redis", redis.url]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^ok {7}self test .* to another process/m);
  assert.match(stdout, /^ok {7}Redis /m);
};

const observes: Case = async ({ run }) => {
  await run(["push", "jobs", "1", "2"]);
  assert.match((await run(["ls"])).stdout, /^jobs /m);
  assert.match((await run(["stat", "jobs", "--interval-ms", "20"])).stdout, /^messages +2 sent/m);
  assert.match((await run(["top", "--once"])).stdout, /jobs/);
  assert.equal((await run(["tail", "jobs", "--since", "oldest", "-n", "2"])).stdout, "1\n2\n");
  assert.equal((await run(["inspect", "jobs"])).code, 0);
  assert.equal((await run(["who", "jobs"])).code, 0);
  await run(["push", "other", "1"]);
  assert.match((await run(["rm", "other", "--yes"])).stdout, /^deleted other, with 1 message /);
  assert.match((await run(["clean", "--non-empty"])).stdout, /jobs/);
};

const latest: Case = async ({ run }) => {
  assert.equal((await run(["set", "robot", "speed", "1", "--persist"])).code, 0);
  assert.match((await run(["get", "robot", "speed"])).stdout, /1/);
  assert.match((await run(["watch", "robot", "speed", "-n", "1"])).stdout, /1/);
  assert.match((await run(["clean", "--persistent"])).stdout, /robot/);
};

const versions: Case = async ({ run }) => {
  assert.match((await run(["version"])).stdout, /^layout +\d+$/m);
  assert.match((await run(["completion", "bash"])).stdout, /^complete .* ringbus$/m);
  assert.match((await run(["complete", "--", "vers"])).stdout, /^version\t/);
};

const records: Case = async ({ run }) => {
  // Deno keeps programs without all permissions out of /dev/shm.
  const file = Deno.makeTempFileSync({ prefix: "ringbus-test-recording-" });
  try {
    await run(["push", "jobs", "1", "2"]);
    await run(["record", "jobs", file, "--force", "--since", "oldest", "-n", "2"]);
    await run(["pull", "jobs", "-n", "2"]);
    assert.equal((await run(["replay", file, "again", "--speed", "max"])).code, 0);
    assert.equal((await run(["pull", "again", "-n", "2", ...WAIT])).stdout, "1\n2\n");
  } finally {
    Deno.removeSync(file);
  }
};

const measures: Case = async ({ run }) => {
  const words = ["bench", "--seconds", "0.1", "--json", "--html", "bench.html"];
  const { code, stdout, stderr } = await run(words, { deadlineMs: 120_000 });
  assert.equal(code, 0, stderr);
  for (const { title, series, absent } of JSON.parse(stdout).charts) {
    assert.deepEqual([title, absent], [title, []]);
    assert.ok(series.length >= 5, title);
  }
  const page = `${made!.cwd}/bench.html`;
  assert.match(Deno.readTextFileSync(page), /<svg[^]*<\/html>/);
  Deno.removeSync(page);
};

const queues: Case = async ({ run }) => {
  const queue = async (...words: string[]) => {
    const { code, stdout, stderr } = await run(["queue", ...words, "--name", "work"]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await queue("publish", "tasks", "1", "--to", "a");
  assert.match(await queue("ls"), /tasks/);
  assert.match(await queue("stat", "tasks"), /waiting/);
  assert.match(await queue("peek", "tasks"), /1\n/);
  await queue("pause", "tasks");
  await queue("resume", "tasks");
  assert.equal(await queue("pull", "tasks", "--agent", "a", "-n", "1"), "1\n");
  assert.equal(await queue("dead", "a"), "");
  assert.equal((await run(["queue", "requeue", "none", "--name", "work"])).code, 1);
  await queue("schedule", "k", "tasks", "1", "--every-seconds", "3600");
  await queue("schedule", "k", "--remove");
  await queue("purge", "tasks", "--yes", "--state", "done");
};

const asksServers: Case = async ({ run, start }) => {
  await using server = start(SERVE);
  const { httpUrl, tcpPort, redisUrl } = await untilServing(server);
  const at = async (url: string, ...words: string[]) => {
    const { code, stdout, stderr } = await run([...words, "--url", url]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await at(httpUrl, "keys", "set", "k", "1");
  assert.match(await at(`tcp://127.0.0.1:${tcpPort}`, "keys", "ls"), /^k +string +-$/m);
  assert.equal(await at(redisUrl, "keys", "get", "k"), "1\n");
  assert.equal(await at(redisUrl, "keys", "rm", "k", "--yes"), "deleted k\n");
  assert.equal(await at(`tcp://127.0.0.1:${tcpPort}`, "topics", "ls"), "");
  assert.match(await at(httpUrl, "topics", "pub", "t", "1"), /^published 1 value/);
  assert.match(await at(httpUrl, "topics", "rm", "t", "--yes"), /^deleted 0 messages/);
  assert.match((await run(["topics", "get", "t", "--url", httpUrl])).stderr, /has no message/);
  const nothing = ["topics", "sub", "t", "--timeout-ms", "50", "--url", httpUrl];
  assert.equal((await run(nothing)).code, 3);
  for (const words of [["ls"], ["get", "t"], ["chains"], ["rm", "t", "--yes"]]) {
    const { stderr } = await run(["state", ...words, "--name", "none"]);
    assert.match(stderr, /there is no shared state/);
  }
};

/** The case of all commands of some groups. */
function ofGroups(tried: Case, ...groups: string[]): Record<string, Case> {
  const names = Object.keys(allCommands()).filter((name) => groups.includes(name.split(" ")[0]));
  return Object.fromEntries(
    names.filter((name) => name.includes(" ")).map((name) => [name, tried]),
  );
}

const CASES: Record<string, Case> = {
  ...ofGroups(queues, "queue"),
  ...ofGroups(asksServers, "topics", "keys", "state"),
  serve: serves,
  dashboard: shows,
  pub: publishes,
  sub: publishes,
  push: pushes,
  pull: pushes,
  req: requests,
  rep: requests,
  ls: observes,
  stat: observes,
  top: observes,
  tail: observes,
  record: records,
  replay: records,
  inspect: observes,
  who: observes,
  get: latest,
  set: latest,
  watch: latest,
  clean: observes,
  rm: observes,
  version: versions,
  completion: versions,
  bench: measures,
  "bench-peer": measures,
  doctor: examines,
  "doctor-peer": examines,
};

let made: SingleProgram | undefined;
Deno.test.beforeAll(async () => {
  made = await singleProgram();
});
Deno.test.afterAll(async () => {
  await made?.[Symbol.asyncDispose]();
});

Deno.test("the single program is tried with every subcommand", () => {
  assert.deepEqual(Object.keys(CASES).sort(), Object.keys(allCommands()).sort());
});

for (
  const [names, tried] of Map.groupBy(Object.keys(CASES), (name) => CASES[name])
    .entries().map(([tried, names]) => [names.join(" and "), tried] as const)
) {
  Deno.test(`the single program alone in its folder: ${names}`, () => inShell(tried, [], made));
}

Deno.test("the single program prints its version and its commands, and leaves no file behind", () =>
  inShell(
    async ({ run }) => {
      const { version } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
      assert.equal((await run(["--version"])).stdout, `${version}\n`);
      const help = (await run(["--help"])).stdout;
      for (const [name, { summary }] of Object.entries(COMMANDS)) {
        assert.equal(help.includes(`  ${name} `), summary !== undefined, name);
      }
      assert.deepEqual([...Deno.readDirSync(made!.cwd)].map(({ name }) => name), [made!.file]);
    },
    [],
    made,
  ));

// Deno itself stands in for the base binary, which does not start the program then.
Deno.test("compiling embeds the bundle and nothing else", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "ringbus-test-binary-" });
  try {
    const [module, binary] = [`${folder}/ringbus.js`, `${folder}/ringbus`];
    await bundle(module);
    const said = await compile(module, binary, [], Deno.execPath());
    assert.match(said, /^ringbus\n└── ringbus\.js \([\d.]+MB\)\n\n/m);
    const bytes = Buffer.from(Deno.readFileSync(binary).buffer);
    const source = Deno.readTextFileSync(module);
    assert.ok(bytes.includes(source.slice(0, 10_000)) && bytes.includes(source.slice(-10_000)));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("deno install makes a command from a checkout", async () => {
  const root = Deno.makeTempDirSync({ prefix: "ringbus-test-install-" });
  try {
    const words = ["install", "-g", "--root", root, "--config", "deno.json", "-A", "-n", "ringbus"];
    await using install = new Running("deno install", Deno.execPath(), [...words, "main.ts"]);
    await install.lines();
    await using ringbus = new Running("ringbus", `${root}/bin/ringbus`, ["--version"], {
      cwd: root,
    });
    assert.match((await ringbus.lines())[0], /^\d+\.\d+\.\d+$/);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
