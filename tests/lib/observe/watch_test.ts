// Watching channels: who joins, leaves and dies, which segments come and go, and what a watch leaves behind.

import assert from "node:assert/strict";
import {
  Channel,
  type ChannelEvent,
  LocalChannel,
  Publisher,
  Puller,
  Pusher,
  removeStale,
  Subscriber,
  watchChannels,
} from "../../../mod.ts";
import { watchDirectory } from "../../../lib/observe/directory_watch.ts";
import { eventStream } from "../../../lib/base/event_stream.ts";
import { openPolling } from "../../../lib/platform/open_events.ts";
import { platform } from "../../../lib/platform/mod.ts";
import { Program } from "../../support/program.ts";
import { until } from "../../support/deadline.ts";
import { EventLog, eventText } from "../../support/event_log.ts";
import { cleanUpAfterKills, inScratch } from "../../support/scratch.ts";

/** Ten times what a death may take until it is told. */
const DEATH_MS = 1000;

/** Both carriers: the target of sockets, and a channel to look at. */
const CARRIERS = ["between processes", "local"] as const;

for (const carrier of CARRIERS) {
  Deno.test(`participants are told with role, pid and label, ${carrier}`, () =>
    inScratch(async ({ path: dir }) => {
      using local = LocalChannel.create({ name: "a" });
      const [target, options] = carrier === "local" ? [local.handle, {}] : ["a", { dir }];
      const before = Date.now();
      using publisher = new Publisher(target, { ...options, label: "camera" });
      await using log = new EventLog(new Channel(target, options).participants());
      const first = await log.next();
      assert.equal(eventText(first), "joined a publisher camera");
      assert.equal(first.pid, Deno.pid);
      assert.ok(first.since.getTime() >= before && first.since.getTime() <= Date.now());
      const subscriber = new Subscriber(target, options);
      const joined = await log.next();
      assert.equal(eventText(joined), "joined a subscriber");
      assert.notEqual(joined.id, first.id);
      subscriber.close();
      assert.deepEqual(await log.next(), { ...joined, type: "left" });
      using again = new Subscriber(target, { ...options, label: "again" });
      const returned = await log.next();
      assert.equal(eventText(returned), "joined a subscriber again");
      assert.notEqual(returned.id, joined.id, "the slot is the same, the participant is not");
      again.close();
      publisher.close();
      assert.deepEqual(
        (await log.texts(2)).sort(),
        ["left a publisher camera", "left a subscriber again"],
      );
    }));
}

Deno.test("the participants of a local channel end with it", async () => {
  const local = LocalChannel.create({ name: "a" });
  const stream = new Channel(local.handle).participants();
  const first = stream.next();
  using _puller = new Puller(local.handle, { label: "arm" });
  assert.equal((await first).value?.type, "joined");
  local.close();
  assert.equal((await stream.next()).value?.type, "left");
  assert.equal((await stream.next()).done, true);
});

Deno.test("a watch ends at once with its signal, and with its consumer", () =>
  inScratch(async ({ path: dir }) => {
    const local = LocalChannel.create();
    const abort = new AbortController();
    const { signal } = abort;
    const streams = [
      watchChannels({ dir, signal }),
      new Channel("a", { dir }).participants({ signal }),
      new Channel(local.handle).participants({ signal }),
      watchChannels({ dir }),
      new Channel(local.handle).participants(),
    ];
    const pending = streams.map((stream) => stream.next());
    abort.abort();
    for (const stream of streams.slice(3)) await stream.return();
    for (const { done } of await Promise.all(pending)) assert.equal(done, true);
    const ended = watchChannels({ dir, signal: AbortSignal.abort() });
    assert.equal((await ended.next()).done, true);
    {
      await using _unused = watchChannels({ dir });
    }
    for await (const _ of watchChannels({ dir, signal })) assert.fail("nothing is there");
  }));

Deno.test("channels are told as they are created, replaced and removed", () =>
  inScratch(async ({ path: dir }) => {
    using persistent = new Pusher("old", { dir, persist: true });
    await using log = new EventLog(watchChannels({ dir }));
    assert.deepEqual(await log.texts(2), ["created old queue", "joined old pusher"]);
    const publisher = new Publisher("new", { dir });
    assert.deepEqual(await log.texts(2), ["created new broadcast", "joined new publisher"]);
    publisher.close();
    assert.deepEqual(await log.texts(2), ["left new publisher", "removed new broadcast"]);
    // Whoever opens the channel now does not reach the pusher.
    Deno.copyFileSync(`${dir}/old`, `${dir}/.copy`);
    Deno.renameSync(`${dir}/.copy`, `${dir}/old`);
    assert.deepEqual((await log.texts(2)).slice(0, 2), ["left old pusher", "replaced old queue"]);
    assert.equal(eventText(await log.next()), "joined old pusher", "the copy has its entry");
    persistent.close();
    Deno.writeTextFileSync(`${dir}/text`, "no segment");
    assert.equal(eventText(await log.next()), "created text damaged");
    for (const name of ["text", "old"]) Deno.removeSync(`${dir}/${name}`);
    const last = await log.texts(3);
    assert.deepEqual(
      last.toSorted(),
      [
        "died old pusher",
        "collected old queue",
        "removed text damaged",
      ].toSorted(),
    );
  }));

Deno.test("a watch passes what is no file: a socket, a FIFO, a link, a folder", () =>
  inScratch(async ({ path: dir }) => {
    using _listener = Deno.listen({ transport: "unix", path: `${dir}/socket` });
    Deno.mkdirSync(`${dir}/folder`);
    Deno.symlinkSync("nothing", `${dir}/link`);
    assert.ok(new Deno.Command("mkfifo", { args: [`${dir}/fifo`] }).outputSync().success);
    using _pusher = new Pusher("jobs", { dir });
    await using log = new EventLog(watchChannels({ dir }));
    assert.deepEqual(await log.texts(2), ["created jobs queue", "joined jobs pusher"]);
    for (const name of ["folder", "link", "fifo"]) Deno.removeSync(`${dir}/${name}`);
  }));

Deno.test("deaths of processes are told within a second, and what they left is collected", () =>
  inScratch(async ({ path: dir, spawn }) => {
    await using log = new EventLog(watchChannels({ dir }));
    const channel = new Channel("b", { dir });
    await using participants = new EventLog(channel.participants());
    let isPrompt = false;
    for (let round = 0; round < 5 && !isPrompt; round++) {
      const child = spawn();
      await child.execute({
        do: "open",
        id: "a",
        role: "puller",
        target: "b",
        options: { dir, label: "arm" },
      });
      assert.deepEqual(await log.texts(2), ["created b queue", "joined b puller arm"]);
      assert.equal((await participants.next()).pid, child.pid);
      const killedAtMs = performance.now();
      child.kill("SIGKILL");
      const died = await log.next();
      isPrompt = performance.now() - killedAtMs < DEATH_MS;
      assert.equal(eventText(died), "died b puller arm");
      assert.equal("pid" in died && died.pid, child.pid);
      assert.equal(eventText(await participants.next()), "died b puller arm");
      await child.ended();
      removeStale({ dir });
      assert.equal(eventText(await log.next()), "collected b queue");
    }
    assert.ok(isPrompt, "a death was never told within a second");
    cleanUpAfterKills(dir);
  }));

Deno.test("who finds a death late is told of it, also if others freed the slot before", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const options = { dir, label: "first" };
    const child = spawn();
    await child.execute({ do: "open", id: "a", role: "puller", target: "b", options });
    using pusher = new Pusher("b", { dir });
    await using log = new EventLog(watchChannels({ dir }));
    const first = ["created b queue", "joined b puller first", "joined b pusher"];
    assert.deepEqual(await log.texts(3), first);
    child.kill("SIGKILL");
    await child.ended();
    using puller = new Puller("b", { dir, label: "second" });
    assert.deepEqual(await log.texts(2), ["died b puller first", "joined b puller second"]);
    puller.close();
    // The slot was used again, and who left it now did not die.
    assert.equal(eventText(await log.next()), "left b puller second");
    pusher.close();
    assert.deepEqual(await log.texts(2), ["left b pusher", "removed b queue"]);
    cleanUpAfterKills(dir);
  }));

Deno.test("a dead participant is not told to those who begin to watch later", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const child = spawn();
    await child.execute({ do: "open", id: "a", role: "puller", target: "b", options: { dir } });
    child.kill("SIGKILL");
    await child.ended();
    await using log = new EventLog(watchChannels({ dir }));
    assert.equal(eventText(await log.next()), "created b queue");
    removeStale({ dir });
    assert.equal(eventText(await log.next()), "collected b queue");
    cleanUpAfterKills(dir);
  }));

Deno.test({
  name: "a terminated worker is told as dead while its process lives",
  ignore: Deno.build.os !== "linux", // Elsewhere the threads cannot be identified.
  fn: () =>
    inScratch(async ({ path: dir }) => {
      const program = new URL("../../support/programs/terminated_worker.ts", import.meta.url);
      const worker = new Worker(program, { type: "module" });
      const opened = Promise.withResolvers<void>();
      worker.onmessage = () => opened.resolve();
      worker.postMessage({ dir });
      await opened.promise;
      await using log = new EventLog(watchChannels({ dir }));
      const events: ChannelEvent[] = [];
      const joined = () => events.filter(({ type }) => type === "joined");
      while (joined().length === 0 || events.at(-1)?.type !== "joined") {
        events.push(await log.next());
      }
      worker.terminate();
      while (events.at(-1)?.type !== "died") events.push(await log.next());
      await until(() => {
        removeStale({ dir, includeNonEmpty: true });
        return [...Deno.readDirSync(dir)].length === 0;
      }, "the deletion");
    }),
});

Deno.test("without notices of the kernel a watch looks at short intervals", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const open = (signal: AbortSignal) => watchDirectory(dir, undefined, signal, openPolling);
    await using log = new EventLog(eventStream(open, undefined));
    const pending = log.texts(2);
    const child = spawn();
    const options = { dir, label: "arm" };
    await child.execute({ do: "open", id: "a", role: "puller", target: "b", options });
    assert.deepEqual(await pending, ["created b queue", "joined b puller arm"]);
    child.kill("SIGKILL");
    assert.equal(eventText(await log.next()), "died b puller arm");
    await child.ended();
    removeStale({ dir });
    assert.equal(eventText(await log.next()), "collected b queue");
    cleanUpAfterKills(dir);
  }));

Deno.test("more notices than the kernel keeps, and a directory that is made again", () =>
  inScratch(async ({ path }) => {
    const dir = `${path}/inner`;
    Deno.mkdirSync(dir, { mode: 0o700 });
    await using log = new EventLog(watchChannels({ dir }));
    let publisher = new Publisher("a", { dir });
    assert.deepEqual(await log.texts(2), ["created a broadcast", "joined a publisher"]);
    floodWithNotices(dir);
    using subscriber = new Subscriber("a", { dir });
    assert.equal(eventText(await log.next()), "joined a subscriber");
    subscriber.close();
    publisher.close();
    assert.deepEqual((await log.texts(3)).at(-1), "removed a broadcast");
    Deno.removeSync(dir, { recursive: true });
    Deno.mkdirSync(dir, { mode: 0o700 });
    publisher = new Publisher("a", { dir });
    assert.deepEqual(await log.texts(2), ["created a broadcast", "joined a publisher"]);
    publisher.close();
    assert.equal(eventText(await log.next()), "left a publisher");
    Deno.removeSync(dir, { recursive: true });
  }, ["inner"].slice(1)));

/** The kernel keeps 16,384 notices by default. */
function floodWithNotices(dir: string): void {
  const os = platform();
  const fds = ["x", "y"].map((name) => os.create(`${dir}/.${name}`));
  for (let n = 0; n < 20_000; n++) os.touch(fds[n % 2]);
  for (const fd of fds) os.close(fd);
  for (const name of ["x", "y"]) os.unlink(`${dir}/.${name}`);
}

Deno.test("a program that watches ends when it stops, and leaves nothing when it is killed", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const program = new Program(["-A", "tests/support/programs/watching.ts", dir, "joined"]);
    const killed = spawn({ program: "watching.ts", flags: ["-A"], args: [dir, "never"] });
    using publisher = new Publisher("a", { dir });
    assert.deepEqual(await program.lines(), ['"created"', '"joined"']);
    killed.kill("SIGKILL");
    await killed.ended();
    using subscriber = new Subscriber<string>("a", { dir });
    publisher.send("still");
    assert.equal(subscriber.tryRecv(), "still");
  }));

Deno.test({
  name: "a worker that watches and is terminated ends, and its descriptors are closed",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inScratch(async ({ path: dir }) => {
      const before = noticeDescriptors();
      const program = new URL("../../support/programs/watching_worker.ts", import.meta.url);
      const worker = new Worker(program, { type: "module" });
      const seen = new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
      worker.postMessage({ dir });
      using publisher = new Publisher("a", { dir });
      assert.equal(await seen, "created");
      assert.equal(noticeDescriptors(), before + 1);
      worker.terminate();
      publisher.send(1);
      await until(() => {
        removeStale({ dir });
        return noticeDescriptors() === before;
      }, "the end of the worker's watch");
    }),
});

/** Descriptors of inotify that this process has open. */
function noticeDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) === "anon_inode:inotify";
    } catch {
      return false; // It was that of the listing.
    }
  }).length;
}

Deno.test("a watch that has ended leaves no descriptor", () =>
  inScratch(async ({ path: dir }) => {
    const count = () => [...Deno.readDirSync("/proc/self/fd")].length;
    using _publisher = new Publisher("a", { dir });
    for await (const _ of watchChannels({ dir })) break;
    const before = count();
    for await (const _ of watchChannels({ dir })) break;
    for await (const _ of new Channel("a", { dir }).participants()) break;
    assert.equal(count(), before);
  }));

Deno.test("wrong arguments of watching are errors at once", () => {
  const call = (run: () => unknown, message: RegExp) => assert.throws(run, { message });
  // @ts-expect-error: no such option
  call(() => watchChannels({ path: "x" }), /watchChannels\(\).*path/);
  // @ts-expect-error: no string
  call(() => watchChannels({ signal: 1 }), /signal/);
  call(() => new Channel("a/b"), /a\/b/);
  // @ts-expect-error: no name
  call(() => new Channel(), /name/);
  // @ts-expect-error: of the constructor
  call(() => new Channel("a").participants({ dir: "x" }), /pass it to new Channel\(\)/);
});
