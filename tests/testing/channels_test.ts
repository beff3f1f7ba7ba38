// The channels of a test: nothing of it is seen outside, and nothing of it stays.

import assert from "node:assert/strict";
import { listChannels, Puller, Pusher, ShmMessageQueue } from "../../mod.ts";
import { testChannels } from "../../testing/mod.ts";
import { until } from "../support/deadline.ts";
import { Program, ROOT, Running } from "../support/program.ts";

const PROGRAM = new URL("../support/programs/channel_program.ts", import.meta.url);
/** The worker of other tests: its types are checked already. */
const WORKER = new URL("../support/programs/worker.ts", import.meta.url);

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
}

Deno.test("sockets without a directory use that of the test, which is removed with it", async () => {
  const before = Deno.env.get("RINGBUS_DIR");
  let dir: string;
  {
    await using channels = testChannels();
    ({ dir } = channels);
    assert.equal(Deno.env.get("RINGBUS_DIR"), dir);
    using _kept = new Pusher("kept", { persist: true });
    using _named = new Pusher("named", { dir });
    assert.deepEqual(channels.list().map(({ name }) => name), ["kept", "named"]);
    assert.deepEqual(listChannels(), channels.list());
    await using inner = testChannels({ parent: dir });
    assert.equal(Deno.env.get("RINGBUS_DIR"), inner.dir);
    assert.deepEqual(inner.list(), []);
  }
  assert.equal(Deno.env.get("RINGBUS_DIR"), before);
  assert.equal(isThere(dir), false);
});

Deno.test("a killed process is gone for the survivors, who get what it held", async () => {
  await using channels = testChannels();
  const child = channels.process(PROGRAM, { args: ["a", "b"], env: { KIND: "a process" } });
  await child.prints("ready");
  using pusher = new Pusher<string>("jobs");
  using done = new Puller<string>("done");
  pusher.send("job");
  assert.equal(await done.recv(), "job a-b");
  await child.prints(/holds job in a \w+/);
  assert.equal(child.isRunning, true);
  const pids = () =>
    channels.list().flatMap((each) => each.participants.filter((p) => p.alive))
      .map(({ pid }) => pid);
  assert.ok(pids().includes(child.pid));

  await channels.killed(child);
  assert.equal(child.isRunning, false);
  assert.equal((await child.ended()).signal, "SIGKILL");
  assert.ok(!pids().includes(child.pid));
  using puller = new Puller<string>("jobs", { ack: true });
  const again = puller.recvSync({ timeoutMs: 60_000 });
  assert.deepEqual([again.value, again.deliveries], ["job", 2]);
  again.ack();
  await channels.killed(child);
  child.kill();

  const other = channels.process(PROGRAM.href, { flags: ["--allow-ffi", "--allow-env"] });
  await assert.rejects(
    other.prints("nothing", { timeoutMs: 0 }),
    /did not print "nothing" within 0 ms; its output/,
  );
  await other.prints("ready");
  const waiting = other.prints("nothing");
  other.kill("SIGKILL");
  await assert.rejects(waiting, /ended before it printed "nothing"; its output: \nready\n/);
  assert.equal((await other.ended()).signal, "SIGKILL");
});

Deno.test("workers end with the test, and are waited for", async () => {
  let dir: string;
  {
    await using channels = testChannels();
    ({ dir } = channels);
    using done = new Puller<string>("done");
    const worker = channels.worker(WORKER);
    worker.postMessage({ do: "open", id: "out", role: "pusher", target: "done" });
    worker.postMessage({ do: "send", id: "out", values: ["made in a worker"] });
    assert.equal(await done.recv(), "made in a worker");
  }
  assert.equal(isThere(dir), false);
});

Deno.test("a socket that the test left open is an error, and the directory is removed", async () => {
  const channels = testChannels();
  const pusher = new Pusher("forgotten");
  await assert.rejects(async () => await channels[Symbol.asyncDispose](), {
    message: /^the test has left sockets open on "forgotten": close them/,
  });
  assert.equal(isThere(channels.dir), false);
  pusher.close();
  await channels[Symbol.asyncDispose]();
  for (
    const call of [
      () => channels.list(),
      () => channels.process(PROGRAM),
      () => channels.worker(PROGRAM),
    ]
  ) {
    assert.throws(call, { name: "TypeError", message: /the channels of this test are disposed/ });
  }
});

Deno.test("time passes when the test lets it pass", async () => {
  await using channels = testChannels();
  const { clock } = channels;
  await using queue = new ShmMessageQueue({ name: "delayed", clock });
  await queue.initialize();
  const message = { channel: "c", payload: 1, sourceAgent: "a", targetAgent: "b" };
  await queue.publish({ ...message, delaySeconds: 3600 });
  assert.equal((await queue.stats("c")).delayed, 1);
  clock.advance({ hours: 1 });
  await using subscription = queue.subscribe("c", "b", { from: "oldest" });
  const { value } = await subscription.next();
  assert.equal(value.payload, 1);
  await queue.acknowledge(value);
});

Deno.test("the calls of a test's channels reject what they do not take", async () => {
  assert.throws(() => testChannels({ dir: "/tmp" } as never), /no option "dir"/);
  assert.throws(() => testChannels({ parent: 7 as never }), /^TypeError: parent must be the path/);
  await using channels = testChannels();
  for (const module of ["./robot.ts", 7, undefined]) {
    assert.throws(
      () => channels.process(module as never),
      /^TypeError: module must be a URL, such/,
    );
    assert.throws(() => channels.worker(module as never), /^TypeError: module must be a URL, such/);
  }
  const cases: [object, RegExp][] = [
    [{ args: "a" }, /^args must be an array of texts, not "a"/],
    [{ flags: [1] }, /^flags must be an array of texts/],
    [{ env: { A: 1 } }, /^env\.A must be a string, not 1/],
    [{ env: ["A"] }, /^env must be an object of texts/],
    [{ cwd: 1 }, /^cwd must be a string, not 1/],
    [{ permissions: [] }, /no option "permissions"/],
  ];
  for (const [options, message] of cases) {
    assert.throws(() => channels.process(PROGRAM, options), { name: "TypeError", message });
  }
  await assert.rejects(channels.killed({ pid: 1 } as never), /killed\(\) takes a process that/);
  assert.deepEqual(channels.list(), []);
});

Deno.test("tests with channels pass under all sanitizers, and print nothing about leaks", async () => {
  const file = "tests/support/programs/channels_tests.ts";
  const args = ["test", "-A", "--no-config", "--no-lock", "--no-check", "--trace-leaks", file];
  await using run = new Running("deno test", Deno.execPath(), args, { cwd: ROOT });
  const output = (await run.lines()).join("\n");
  assert.match(output, /^by default \.\.\. ok/m);
  assert.match(output, /^strict \.\.\. ok/m);
  assert.doesNotMatch(output, /leak|dynamic library/i);
});

Deno.test({
  name: "the processes of a test end with it, also when it is killed",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using owner = new Program(["-A", "tests/support/programs/channels_owner.ts"]);
    await owner.prints(/ end\n/);
    const [, pid, dir] = /started (\d+) in (\S+)/.exec(owner.output)!;
    owner.kill("SIGKILL");
    await owner.ended();
    // A process that has ended and was not reaped yet is a zombie.
    await until(() => !isThere(`/proc/${pid}/exe`) || !isExecuting(Number(pid)), "its end");
    Deno.removeSync(dir, { recursive: true });
  },
});

function isExecuting(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

Deno.test("channels of tests that overlap end in any order", async () => {
  const before = Deno.env.get("RINGBUS_DIR");
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]]) {
    const all = [testChannels(), testChannels(), testChannels()];
    const left = new Set(all.map(({ dir }) => dir));
    for (const at of order) {
      await all[at][Symbol.asyncDispose]();
      left.delete(all[at].dir);
      const last = [...left].at(-1) ?? before;
      assert.equal(Deno.env.get("RINGBUS_DIR"), last);
    }
  }
});
