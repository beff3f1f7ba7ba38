import assert from "node:assert/strict";
import { removeStale, Subscriber } from "../../mod.ts";
import { until } from "../support/deadline.ts";
import { freePort } from "../support/free_port.ts";
import { Program } from "../support/program.ts";
import { makeScratchDirectory } from "../support/scratch.ts";

/** Runs a test with a segment directory of its own, which must be empty in the end. */
async function inDirectory(
  test: (run: (file: string, ...args: string[]) => Program, dir: string) => Promise<void>,
): Promise<void> {
  const RINGBUS_DIR = makeScratchDirectory();
  try {
    await test(
      (file, ...args) =>
        new Program(["--allow-ffi", ...permissionsOf(file), `examples/${file}`, ...args], {
          RINGBUS_DIR,
        }),
      RINGBUS_DIR,
    );
    assert.deepEqual([...Deno.readDirSync(RINGBUS_DIR)], [], "the examples left files behind");
  } finally {
    await Deno.remove(RINGBUS_DIR, { recursive: true });
  }
}

/** Permissions of a program besides those for channels. */
function permissionsOf(file: string): string[] {
  return file === "log_fanout/archive.ts" ? ["--allow-write"] : [];
}

Deno.test("example pubsub: both subscribers print five positions in order", () =>
  inDirectory(async (run) => {
    await using first = run("pubsub/subscriber.ts");
    await using second = run("pubsub/subscriber.ts");
    await Promise.all([first.prints("listening"), second.prints("listening")]);
    await using publisher = run("pubsub/publisher.ts");
    const expected = [
      "listening",
      "step 0: 0, 0",
      "step 1: 0.1, -0.1",
      "step 2: 0.2, -0.2",
      "step 3: 0.3, -0.3",
      "step 4: 0.4, -0.4",
      "missed 0",
    ];
    assert.deepEqual(await first.lines(), expected);
    assert.deepEqual(await second.lines(), expected);
    assert.deepEqual(await publisher.lines(), ["published 30 positions"]);
  }));

Deno.test("example pubsub: a latecomer prints all positions from the first on", () =>
  inDirectory(async (run, dir) => {
    using _stays = new Subscriber("example-positions", { dir });
    await using publisher = run("pubsub/publisher.ts");
    assert.deepEqual(await publisher.lines(), ["published 30 positions"]);
    await using latecomer = run("pubsub/latecomer.ts");
    const steps = Array.from({ length: 10 }, (_, step) => `step ${step}:`);
    const lines = await latecomer.lines();
    assert.deepEqual(lines.slice(0, 10).map((line) => line.slice(0, 7)), steps);
    assert.deepEqual(lines.slice(10), ["missed 0"]);
  }));

Deno.test("example topics: a panel shows the newest pose of each joint", () =>
  inDirectory(async (run, dir) => {
    using _stays = new Subscriber("example-robot", { dir });
    await using robot = run("topics/robot.ts");
    assert.deepEqual(await robot.lines(), ["published 60 readings"]);
    await using panel = run("topics/panel.ts");
    assert.deepEqual(await panel.lines(), [
      "pose.arm at step 20: 0.91",
      "pose.base at step 20: 0.41",
      "received 2, replaced 38, of other topics 20",
    ]);
  }));

Deno.test("example reqrep: the requester gets its roots and the handler's error", () =>
  inDirectory(async (run) => {
    await using requester = run("reqrep/requester.ts");
    await using replier = run("reqrep/replier.ts");
    assert.deepEqual(await requester.lines(), [
      "roots: 1, 2, 3, 4, 5",
      "refused: -1 has no real root",
    ]);
    replier.kill("SIGINT");
    assert.deepEqual(await replier.lines(), ["serving", "replied to 6 requests"]);
  }));

Deno.test("example typed_channels: the panel shows each step, and what its schema refuses", () =>
  inDirectory(async (run) => {
    await using panel = run("typed_channels/panel.ts");
    await using robot = run("typed_channels/robot.ts");
    const lines = await panel.lines();
    assert.deepEqual(lines.slice(0, 4), ["step 1: 1", "step 2: 2", "step 3: 3", "arrived at 3"]);
    assert.match(lines[4], /^refused: \$\.speed: /);
    assert.equal(lines.length, 5);
    robot.kill("SIGINT");
    assert.deepEqual(await robot.lines(), ["ready", "stands at 3"]);
  }));

Deno.test("example streams: a movement is followed to its end, and another one cancelled", () =>
  inDirectory(async (run) => {
    await using requester = run("streams/requester.ts");
    await using replier = run("streams/replier.ts");
    assert.deepEqual(await requester.lines(), [
      ...[1, 2, 3, 4, 5].map((angle) => `at ${angle} degrees`),
      "reached 5 degrees",
      "cancelled at 8 degrees",
      "reached 0 degrees",
    ]);
    replier.kill("SIGINT");
    const lines = await replier.lines();
    assert.deepEqual([lines.length, lines[1], lines[3]], [
      4,
      "stopped at 5 degrees",
      "stopped at 0 degrees",
    ]);
  }));

Deno.test("example latest_values: panels print the latest pose, however late or slow they are", () =>
  inDirectory(async (run) => {
    await using first = run("latest_values/panel.ts");
    await using second = run("latest_values/panel.ts");
    await Promise.all([first.prints("watching"), second.prints("watching")]);
    await using robot = run("latest_values/robot.ts");
    for (const panel of [first, second]) {
      assert.equal((await panel.lines()).at(-1), "x is 10 after 100 steps");
    }
    assert.deepEqual(await robot.lines(), ["made 100 steps"]);
  }));

Deno.test("example presence: a supervisor is told who leaves and who dies", () =>
  inDirectory(async (run, dir) => {
    await using supervisor = run("presence/supervisor.ts");
    await supervisor.prints("watching");
    await using killed = run("presence/robot.ts", "arm", "100000");
    await supervisor.prints("arm joined");
    await using done = run("presence/robot.ts", "gripper", "20");
    await supervisor.prints("gripper joined");
    assert.deepEqual(await done.lines(), ["gripper is done"]);
    await supervisor.prints("gripper left");
    killed.kill("SIGKILL");
    const said = ["watching", "arm joined", "gripper joined", "gripper left", "arm died"];
    assert.deepEqual(await supervisor.lines(), said);
    removeStale({ dir });
  }));

Deno.test("example signals_and_poller: a worker does all jobs, and stops at the signal", () =>
  inDirectory(async (run) => {
    await using worker = run("signals_and_poller/worker.ts");
    await worker.prints("waiting");
    await using control = run("signals_and_poller/control.ts");
    assert.deepEqual(await control.lines(), ["sent 3 jobs"]);
    const lines = await worker.lines();
    const jobs = ["did resize 1.png", "did resize 2.png", "did rotate 3.png"];
    assert.deepEqual(lines.filter((line) => line.startsWith("did")).sort(), jobs);
    assert.equal(lines.at(-1), "stopped");
  }));

Deno.test("example pipeline: two pullers share all tasks", () =>
  inDirectory(async (run) => {
    await using first = run("pipeline/puller.ts");
    await using second = run("pipeline/puller.ts");
    await Promise.all([first.prints("waiting"), second.prints("waiting")]);
    await using pusher = run("pipeline/pusher.ts");
    assert.deepEqual(await pusher.lines(), ["pushed 1000 tasks"]);
    const [a, b] = [shareOf(await first.lines()), shareOf(await second.lines())];
    assert.equal(a.tasks + b.tasks, 1000);
    assert.equal(a.sum + b.sum, 1000 * 1001 / 2);
  }));

Deno.test("example pipeline: tasks wait for a puller that starts after the pusher has left", () =>
  inDirectory(async (run) => {
    await using pusher = run("pipeline/pusher.ts");
    await pusher.lines();
    await using puller = run("pipeline/puller.ts");
    assert.deepEqual(shareOf(await puller.lines()), { tasks: 1000, sum: 1000 * 1001 / 2 });
  }));

function shareOf(lines: string[]): { tasks: number; sum: number } {
  const [, tasks, sum] = /took (\d+) tasks, their sum is (\d+)/.exec(lines.join("\n"))!;
  return { tasks: Number(tasks), sum: Number(sum) };
}

Deno.test("example work_farm: all jobs are done although a worker is killed at work", () =>
  inDirectory(async (run) => {
    await using farm = run("work_farm/farm.ts");
    // A worker ends if there is no job for a second.
    await farm.prints("gave out 60 jobs");
    await using killed = run("work_farm/worker.ts");
    await killed.prints("job 3, attempt 1");
    killed.kill("SIGKILL");
    await killed.ended();
    await using worker = run("work_farm/worker.ts");
    const [, last] = await farm.lines();
    const [, again] = /^60 jobs are done, (\d+) of them by another/.exec(last)!;
    assert.ok(Number(again) >= 1 && Number(again) <= 4, last);
    await worker.lines();
  }));

Deno.test("example arrays: images arrive with their type and shape", () =>
  inDirectory(async (run) => {
    await using receiver = run("arrays/receiver.ts");
    await receiver.prints("listening");
    await using sender = run("arrays/sender.ts");
    assert.deepEqual(await receiver.lines(), [
      "listening",
      "Float64Array 480 x 640, mean 1",
      "Float64Array 480 x 640, mean 2",
      "Float64Array 480 x 640, mean 3",
    ]);
    assert.deepEqual(await sender.lines(), ["sent 3 images of 2457600 bytes"]);
  }));

Deno.test("example arrays: arrays are written and read in place", () =>
  inDirectory(async (run) => {
    await using viewer = run("arrays/viewer.ts");
    await using lender = run("arrays/lender.ts");
    assert.deepEqual(await lender.lines(), ["lent 3 arrays"]);
    assert.deepEqual(await viewer.lines(), ["sum 1000", "sum 2000", "sum 3000"]);
  }));

Deno.test("example camera_frames: viewers see frames in place, and count what they miss", () =>
  inDirectory(async (run) => {
    await using viewer = run("camera_frames/viewer.ts");
    await using slow = run("camera_frames/viewer.ts");
    await using previews = run("camera_frames/previews.ts");
    await Promise.all([viewer, slow, previews].map((program) => program.prints("watching")));
    slow.kill("SIGSTOP");
    await using camera = run("camera_frames/camera.ts", "60");
    assert.deepEqual(await camera.lines(), ["sent 60 frames of 921616 bytes"]);
    slow.kill("SIGCONT");
    const [quickly, slowly] = [seenOf(await viewer.lines()), seenOf(await slow.lines())];
    assert.equal(quickly.seen + quickly.missed, 60);
    assert.equal(slowly.seen + slowly.missed, 60);
    assert.ok(slowly.missed > 45 && slowly.seen > 0);
    const shades = [10, 20, 30, 40, 50, 60].map((shade) =>
      `Uint8Array 60 x 80 x 3, shade ${shade}`
    );
    assert.deepEqual(await previews.lines(), ["watching", ...shades]);
  }));

function seenOf(lines: string[]): { seen: number; missed: number } {
  const [, seen, missed] = /(?:seen|saw) (\d+)(?: lines)?, missed (\d+)/.exec(lines.join("\n"))!;
  return { seen: Number(seen), missed: Number(missed) };
}

Deno.test("example agent_swarm: all questions get a reply although an agent is killed", () =>
  inDirectory(async (run) => {
    await using tools = run("agent_swarm/tools.ts");
    await using killed = run("agent_swarm/agent.ts", "ann", "60000");
    await killed.prints("ready");
    await using boss = run("agent_swarm/boss.ts");
    await killed.prints("thinks about");
    killed.kill("SIGKILL");
    await killed.ended();
    await using agent = run("agent_swarm/agent.ts", "bob");
    assert.deepEqual(await boss.lines(), [
      "asked again: How many boxes of 12 for apples?",
      "9 boxes of 12 hold 100 apples",
      "3 boxes of 11 hold 24 pears",
      "4 boxes of 10 hold 37 plums",
      "12 boxes of 9 hold 100 apples",
      "3 boxes of 8 hold 24 pears",
      "6 boxes of 7 hold 37 plums",
      "18 calls of tools by 1 agents",
    ]);
    for (const program of [agent, tools]) {
      program.kill("SIGINT");
      await program.lines();
    }
  }));

Deno.test("example agent_tokens: no token is lost or comes twice although an agent is killed", () =>
  inDirectory(async (run) => {
    // Its second tokens would come after a minute.
    await using killed = run("agent_tokens/agent.ts", "ann", "60000");
    await killed.prints("ann is ready");
    await using coordinator = run("agent_tokens/coordinator.ts");
    await coordinator.prints("ann streams");
    killed.kill("SIGKILL");
    await killed.ended();
    await using agent = run("agent_tokens/agent.ts", "bob", "1");
    const lines = await coordinator.lines();
    assert.equal(lines.at(-1), "90 tokens: 40 + 10 + 10 + 10 + 10 + 10");
    assert.ok(lines.some((line) => /^lost an agent after token 1 of /.test(line)));
    await agent.prints(/bob was cancelled after token 4\d/);
    agent.kill("SIGINT");
    assert.match((await agent.lines()).at(-1)!, /^bob produced \d+ tokens$/);
  }));

/** The lines of an archive that can be read: a killed one may have written half of its last line. */
function wholeLines(text: string): { service: string; number: number }[] {
  const lines = text.split("\n").filter((line) => line !== "");
  const whole = lines.filter((line) => line.endsWith("}"));
  assert.ok(lines.length - whole.length <= 1, "at most one line is not whole");
  return whole.map((line) => JSON.parse(line));
}

Deno.test("example log_fanout: the archive has every line although one was killed, a slow watcher counts what it missed", () =>
  inDirectory(async (run) => {
    const path = await Deno.makeTempFile();
    try {
      await using killed = run("log_fanout/archive.ts", path);
      await using slow = run("log_fanout/watch.ts", "error", "slow");
      await Promise.all([killed.prints("writing"), slow.prints("watching")]);
      slow.kill("SIGSTOP");
      const names = ["billing", "search"];
      await using services = new AsyncDisposableStack();
      const running = names.map((name) => services.use(run("log_fanout/service.ts", name)));
      await until(() => Deno.statSync(path).size > 1000, "the first lines in the archive");
      killed.kill("SIGKILL");
      await killed.ended();
      await using archive = run("log_fanout/archive.ts", path);
      for (const [i, service] of running.entries()) {
        assert.deepEqual(await service.lines(), [`${names[i]} logged 2000 lines`]);
      }
      slow.kill("SIGCONT");
      assert.match((await archive.lines()).at(-1)!, /^wrote \d+ lines$/);
      const written = wholeLines(await Deno.readTextFile(path));
      for (const name of names) {
        const numbers = written.filter(({ service }) => service === name).map(({ number }) =>
          number
        );
        // Those that the killed archive had not acknowledged may come twice, and behind later ones.
        const sorted = [...new Set(numbers)].sort((a, b) => a - b);
        assert.deepEqual(sorted, Array.from({ length: 2000 }, (_, i) => i + 1));
      }
      const { seen, missed } = seenOf(await slow.lines());
      assert.equal(seen + missed, 4000);
      assert.ok(missed > 0);
    } finally {
      await Deno.remove(path);
    }
  }));

Deno.test("example workers: it needs no permission but to read its code", async () => {
  await using main = new Program(["--allow-read=.", "examples/workers/main.ts"]);
  assert.deepEqual(await main.lines(), ["sum of the squares from 1 to 100: 338350"]);
});

Deno.test("example shm_messages: two agents meet, whichever starts first", () =>
  inDirectory(async (run) => {
    await using alice = run("shm_messages/agent.ts", "alice");
    await using bob = run("shm_messages/agent.ts", "bob");
    assert.deepEqual(await alice.lines(), ["alice met bob", "agents: alice, bob"]);
    assert.deepEqual(await bob.lines(), ["bob met alice", "agents: alice, bob"]);
  }));

Deno.test("example shared_state: two agents fill a thread, and the reader sees the slots of each in order", async () => {
  const env = { STATE_PORT: String(freePort()), STATE_KEY: "the key of this test" };
  const flags = ["--allow-net", "--allow-run", "--allow-env=STATE_PORT,STATE_KEY,RINGBUS_DEBUG"];
  const run = (file: string, ...args: string[]) =>
    new Program([...flags, `examples/shared_state/${file}`, ...args], env);
  await using reader = run("reader.ts", "t", "10");
  await reader.prints("waiting");
  await using one = run("agent.ts", "one", "t");
  await using two = run("agent.ts", "two", "t");
  assert.deepEqual(await one.lines(), ["one appended 5 slots"]);
  assert.deepEqual(await two.lines(), ["two appended 5 slots"]);
  assert.deepEqual(await reader.lines(), [
    "waiting",
    "one: 0,1,2,3,4",
    "two: 0,1,2,3,4",
    "console.router.one, console.router.two",
  ]);
});
