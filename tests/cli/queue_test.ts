import assert from "node:assert/strict";
import { EXIT } from "../../cli/command.ts";
import { redisServer } from "../../testing/mod.ts";
import { SERVE, untilServing } from "../support/serve.ts";
import { inShell, type Shell } from "../support/command_line.ts";

const SHM = ["--name", "work"];
const AGENT = ["--agent", "worker"];

/** Runs a command of `ringbus queue` that succeeds. */
async function queue({ run }: Shell, words: string[], which = SHM): Promise<string> {
  const { code, stdout, stderr } = await run(["queue", ...words, ...which]);
  assert.equal(code, EXIT.DONE, `${words.join(" ")}: ${stderr}`);
  return stdout;
}

async function json(shell: Shell, words: string[], which = SHM): Promise<never> {
  return JSON.parse(await queue(shell, [...words, "--json"], which)) as never;
}

/** A message from its publication to its end, and one that dies. */
async function workThrough(shell: Shell, which: string[]): Promise<void> {
  const published = await queue(
    shell,
    ["publish", "tasks", '{"n":1}', "two", "--to", "worker", "--max-attempts", "1"],
    which,
  );
  assert.equal(published, "published 2 messages to tasks\n");
  const list = (await queue(shell, ["ls"], which)).split("\n");
  assert.match(list[0], /^CHANNEL +WAITING +DELAYED +LEASED +DEAD +CONSUMERS +OLDEST +STATE/);
  assert.match(list[1], /^tasks +2 +0 +0 +0 +0 +\d+ s/);
  const peeked = await queue(shell, ["peek", "tasks", ...AGENT], which);
  assert.match(peeked, /worker +0 +\{"n":1\}\n.*worker +0 +"two"\n$/);
  assert.equal(
    await queue(shell, ["pull", "tasks", ...AGENT, "-n", "1"], which),
    '{"n":1}\n',
  );
  await queue(shell, ["pause", "tasks"], which);
  const waited = await shell.run(
    ["queue", "pull", "tasks", ...AGENT, "--timeout-ms", "50", ...which],
  );
  assert.deepEqual([waited.code, waited.stdout], [EXIT.TIMED_OUT, ""]);
  await queue(shell, ["resume", "tasks"], which);
  const stats: { waiting: number; totals: { acknowledged: number } } = await json(
    shell,
    ["stat", "tasks"],
    which,
  );
  assert.deepEqual([stats.waiting, stats.totals.acknowledged], [1, 1]);
  assert.equal(await queue(shell, ["pull", "tasks", ...AGENT, "-n", "1"], which), '"two"\n');
}

Deno.test("ringbus queue publishes, lists, peeks, pauses and pulls: in shared memory", () =>
  inShell((shell) => workThrough(shell, SHM)));

Deno.test("ringbus queue publishes, lists, peeks, pauses and pulls: on Redis", () =>
  inShell(async (shell) => {
    await using server = await redisServer();
    await workThrough(shell, ["--url", server.url]);
  }));

Deno.test("ringbus queue delays, purges and schedules messages", () =>
  inShell(async (shell) => {
    await queue(shell, ["publish", "later", "x", "--to", "worker", "--delay-seconds", "3600"]);
    assert.match(await queue(shell, ["peek", "later", "--delayed"]), /worker +0 +"x"\n$/);
    const refused = await shell.run(["queue", "purge", "later", ...SHM]);
    assert.equal(refused.code, EXIT.USAGE);
    assert.match(refused.stderr, /removes the messages of later that are waiting or delayed: give/);
    assert.equal(
      await queue(shell, ["purge", "later", "--yes"]),
      "removed 1 message of later\n",
    );
    const words = ["schedule", "daily", "reports", "go", "--cron", "0 8 * * *", "--to", "worker"];
    assert.match(await queue(shell, words), /^the next message of daily is due at .*T08:00:00/);
    assert.match(
      await queue(shell, ["schedule"]),
      /\ndaily +reports +0 8 \* \* \* +\d{4}-.* +0\n$/,
    );
    assert.equal(await queue(shell, ["schedule", "daily", "--remove"]), "removed schedule daily\n");
  }));

Deno.test("ringbus serve --queue shows queues in its metrics and on its dashboard", () =>
  inShell(async (shell) => {
    await queue(shell, ["publish", "tasks", "1", "--to", "worker"]);
    await using server = shell.start([...SERVE, "--queue", "work=work"]);
    const { httpUrl } = await untilServing(server);
    const text = await (await fetch(`${httpUrl}/metrics`)).text();
    assert.match(
      text,
      /^ringbus_queue_messages\{queue="work",channel="tasks",state="waiting"\} 1$/m,
    );
    const looked = await fetch(`${httpUrl}/queue_messages?queue=work&channel=tasks`);
    assert.deepEqual(await looked.json(), { agents: ["worker"], leased: [], dead: [] });
    server.kill("SIGTERM");
    await server.lines();
    assert.equal(await queue(shell, ["pull", "tasks", ...AGENT, "-n", "1"]), "1\n");
    const wrong = await shell.run(["serve", "--queue", "work"]);
    assert.match(wrong.stderr, /--queue takes LABEL=URL, or LABEL=NAME/);
  }));

Deno.test("ringbus queue says what is wrong", () =>
  inShell(async ({ run }) => {
    const cases: [words: string[], code: number, said: RegExp][] = [
      [[], EXIT.USAGE, /^$/],
      [["pul"], EXIT.USAGE, /there is no command "queue pul": use ls, .*; did you mean pull\?/],
      [
        ["ls"],
        EXIT.USAGE,
        /name the queue: --url redis:\/\/HOST:PORT, or --name NAME\nSee `ringbus queue ls --help`/,
      ],
      [["ls", ...SHM, "--url", "redis://x"], EXIT.USAGE, /give --name or --url, not both/],
      [["ls", ...SHM], EXIT.FAILED, /there is no queue "work" in /],
      [["pull", "tasks", ...SHM], EXIT.USAGE, /name the agent: --agent AGENT/],
      [
        ["purge", "x", "--state", "old", ...SHM],
        EXIT.USAGE,
        /--state takes waiting, .*, not "old"/,
      ],
      [["requeue", "none", "--url", "redis://127.0.0.1:1"], EXIT.FAILED, /cannot .*127\.0\.0\.1:1/],
      [["schedule", "key", ...SHM], EXIT.USAGE, /give KEY CHANNEL VALUE/],
    ];
    for (const [words, expected, said] of cases) {
      const { code, stderr } = await run(["queue", ...words]);
      assert.equal(code, expected, words.join(" "));
      assert.match(stderr, said);
    }
    const help = await run(["queue", "--help"]);
    assert.match(help.stdout, /^ {2}requeue {3}deliver dead letters again$/m);
    assert.equal(
      (await run(["help", "queue", "ls"])).stdout,
      (await run(["queue", "ls", "-h"])).stdout,
    );
  }));
