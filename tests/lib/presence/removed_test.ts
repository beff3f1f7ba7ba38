// Files that are removed, moved or copied under live processes: no live process counts as dead.

import assert from "node:assert/strict";
import {
  Publisher,
  Puller,
  Pusher,
  removeStale,
  Replier,
  Requester,
  ShmConnectionError,
  ShmMessagingBackend,
  ShmTimeoutError,
  Subscriber,
} from "../../../mod.ts";
import { ISOLATE_PREFIX } from "../../../lib/platform/directory.ts";
import { inScratch, type Scratch } from "../../support/scratch.ts";
import { sleep, until } from "../../support/deadline.ts";
import type { Child } from "../../support/child.ts";
import { openSocket } from "../../support/peer.ts";
import { WaitingTests } from "../../support/waiting_tests.ts";

/** The most that the removal of a file may go unnoticed. */
const NOTICE_MS = 1000;

function run(command: string, ...args: string[]): void {
  const { success } = new Deno.Command(command, { args }).outputSync();
  assert.ok(success, `${command} ${args.join(" ")}`);
}

function hiddenFiles({ path, names }: Scratch): string[] {
  return names().filter((name) => name.startsWith(ISOLATE_PREFIX)).map((name) => `${path}/${name}`);
}

/** What happens to the directory while its segments stay in use. */
const ACCIDENTS: Record<string, (scratch: Scratch) => void> = {
  "the hidden files are removed": (scratch) => run("rm", "-f", ...hiddenFiles(scratch)),
  "the hidden files are copies": (scratch) => {
    for (const file of hiddenFiles(scratch)) {
      run("rm", file);
      run("mkfifo", file);
    }
  },
  "the directory is moved away and back": ({ path }) => {
    run("mv", path, `${path}.moved`);
    run("mv", `${path}.moved`, path);
  },
};

async function openAll(child: Child, dir: string): Promise<void> {
  const options = { dir };
  await child.execute({ do: "open", id: "rep", role: "replier", target: "ask", options });
  await child.start({ do: "reply", id: "rep", mode: "serve", name: "served" });
}

for (const [what, happen] of Object.entries(ACCIDENTS)) {
  Deno.test(`a live replier replies although ${what}`, () =>
    inScratch(async (scratch) => {
      const { path: dir, spawn } = scratch;
      using requester = new Requester<unknown, unknown>("ask", { dir });
      await openAll(spawn(), dir);
      await requester.request("stay", { timeoutMs: 20_000 });
      for (let n = 0; n < 3; n++) {
        happen(scratch);
        await requester.request("stay", { timeoutMs: 20_000 });
      }
      // A newcomer looks which participants live.
      using other = new Requester<unknown, unknown>("ask", { dir });
      await other.request("stay", { timeoutMs: 20_000 });
      await requester.request("stop", { timeoutMs: 20_000 });
    }));

  Deno.test(`a job of a live puller is delivered once although ${what}`, () =>
    inScratch(async (scratch) => {
      const { path: dir, spawn } = scratch;
      using pusher = new Pusher("work", { dir });
      const child = spawn();
      await openSocket(child, "in", "puller", "work", { dir, ack: true });
      pusher.send("job");
      await child.execute({ do: "pull", id: "in", count: 1, settle: "keep" });
      happen(scratch);
      using rival = new Puller("work", { dir, ack: true });
      assert.throws(() => rival.recvSync({ timeoutMs: 200 }), ShmTimeoutError);
      child.kill("SIGKILL");
      await child.ended();
      const delivery = rival.recvSync({ timeoutMs: 20_000 });
      assert.equal(delivery.value, "job");
      delivery.ack();
    }));
}

Deno.test("a FIFO that was removed is made again, and wakes at once", () =>
  inScratch(async (scratch) => {
    const { path: dir } = scratch;
    using puller = new Puller<number>("work", { dir });
    using pusher = new Pusher<number>("work", { dir });
    for (let n = 0; n < 3; n++) {
      const received = puller.recv();
      run("rm", ...hiddenFiles(scratch));
      await until(() => hiddenFiles(scratch).length === 1, "a new FIFO", NOTICE_MS);
      pusher.send(n);
      assert.equal(await received, n);
    }
  }));

Deno.test("the death of a process is seen though its FIFO is gone", () =>
  inScratch(async (scratch) => {
    const { path: dir, spawn } = scratch;
    using pusher = new Pusher("work", { dir });
    const child = spawn();
    await openSocket(child, "in", "puller", "work", { dir, ack: true });
    pusher.send("job");
    await child.execute({ do: "pull", id: "in", count: 1, settle: "keep" });
    child.kill("SIGKILL");
    await child.ended();
    run("rm", ...hiddenFiles(scratch));
    using successor = new Puller("work", { dir, ack: true });
    const delivery = successor.recvSync({ timeoutMs: 20_000 });
    assert.equal(delivery.value, "job");
    delivery.ack();
  }));

const REMOVED = /cannot use channel ".+": its file was removed, moved or replaced/;

/** Ways in which a segment in use stops being what its name refers to. */
const REMOVALS: Record<string, (dir: string) => void> = {
  "its file is removed": (dir) => run("rm", `${dir}/a`),
  "its directory is removed": (dir) => run("rm", "-r", dir),
  "its directory is replaced by a copy": (dir) => {
    run("mv", dir, `${dir}.moved`);
    run("cp", "-a", `${dir}.moved`, dir);
    run("rm", "-r", `${dir}.moved`);
  },
};

/** Uses of a socket in a loop of 20 ms, and as one call that waits. */
const USES: Record<string, (dir: string) => AsyncDisposable & { use(): unknown }> = {
  send: (dir) => using_(new Pusher("a", { dir }), (s) => s.send(1)),
  publish: (dir) => using_(new Publisher("a", { dir }), (s) => s.send(1)),
  tryRecv: (dir) => using_(new Puller("a", { dir }), (s) => s.tryRecv()),
  recv: (dir) => using_(new Subscriber("a", { dir }), (s) => s.recv()),
  recvSync: (dir) => using_(new Puller("a", { dir }), (s) => s.recvSync({ timeoutMs: 5000 })),
  request: (dir) => using_(new Requester("a", { dir }), (s) => s.request(1, { timeoutMs: 5000 })),
  serve: (dir) => using_(new Replier("a", { dir }), (s) => s.serve(() => 1)),
};

function using_<S extends Disposable>(socket: S, use: (socket: S) => unknown) {
  return {
    use: () => use(socket),
    // deno-lint-ignore require-await
    [Symbol.asyncDispose]: async () => socket[Symbol.dispose](),
  };
}

async function untilReported(use: () => unknown): Promise<void> {
  const start = performance.now();
  while (performance.now() - start < NOTICE_MS + 1000) {
    try {
      await use();
    } catch (error) {
      assert.ok(error instanceof ShmConnectionError, String(error));
      assert.match(error.message, REMOVED);
      return;
    }
    await sleep(20);
  }
  assert.fail("the removal was not reported");
}

/** The removal of a segment in use is reported in time. */
function assertReported(open: (typeof USES)[string], remove: (dir: string) => void): Promise<void> {
  return inScratch(async ({ path: dir }) => {
    {
      await using socket = open(dir);
      remove(dir);
      await untilReported(() => socket.use());
    }
    Deno.mkdirSync(dir, { recursive: true });
    removeStale({ dir, includeNonEmpty: true });
  });
}

const waiting = new WaitingTests();
for (const [removal, remove] of Object.entries(REMOVALS)) {
  for (const [name, open] of Object.entries(USES)) {
    const title = `${name} fails within a second after ${removal}`;
    const body = () => assertReported(open, remove);
    // A synchronous wait would delay the others.
    if (name === "recvSync") Deno.test(title, body);
    else waiting.add(title, body);
  }
}
waiting.define("sockets report that their files were removed");

Deno.test("a message that was sent before the removal is received", () =>
  inScratch(async ({ path: dir }) => {
    using pusher = new Pusher("a", { dir });
    using puller = new Puller("a", { dir });
    pusher.send(1);
    run("rm", `${dir}/a`);
    await untilReported(() => pusher.send(2));
    assert.equal(puller.tryRecv(), 1);
    puller.drain();
    await untilReported(() => puller.tryRecv());
  }));

Deno.test("a backend reports that its files were removed", () =>
  inScratch(async ({ path: dir }) => {
    await using backend = new ShmMessagingBackend({ name: "messages", dir });
    await backend.set("plan", "precious");
    run("rm", `${dir}/messages`);
    await until(
      () => backend.get("plan").then(() => false, (error) => REMOVED.test(error.message)),
      "an error",
      NOTICE_MS,
    );
  }));

Deno.test("a relative directory stays the same after chdir", () =>
  inScratch(async ({ path, spawn }) => {
    const before = Deno.cwd();
    try {
      Deno.chdir(path);
      Deno.mkdirSync("elsewhere");
      using pusher = new Pusher("work", { dir: "segments" });
      const child = spawn();
      await openAll(child, `${path}/segments`);
      using requester = new Requester<unknown, unknown>("ask", { dir: "segments" });
      await using backend = new ShmMessagingBackend({ name: "messages", dir: "segments" });
      Deno.chdir("elsewhere");
      await requester.request("stay", { timeoutMs: 20_000 });
      await backend.set("plan", "precious");
      using puller = new Puller("work", { dir: "segments" });
      pusher.send(1);
      assert.equal(puller.tryRecv(), 1);
      await requester.request("stop", { timeoutMs: 20_000 });
      assert.deepEqual([...Deno.readDirSync(".")], []);
    } finally {
      Deno.chdir(before);
    }
    Deno.removeSync(`${path}/segments`, { recursive: true });
    Deno.removeSync(`${path}/elsewhere`, { recursive: true });
  }));

Deno.test("a relative directory cannot be used when the working directory was removed", () =>
  inScratch(({ path }) => {
    const before = Deno.cwd();
    try {
      Deno.mkdirSync(`${path}/removed`);
      Deno.chdir(`${path}/removed`);
      Deno.removeSync(`${path}/removed`);
      assert.throws(() => new Pusher("work", { dir: "unknown" }), {
        name: "ShmConnectionError",
        message: /^cannot create the segment directory unknown: ENOENT; name a directory/,
      });
      new Pusher("work", { dir: path }).close();
    } finally {
      Deno.chdir(before);
    }
    return Promise.resolve();
  }));

Deno.test("a relative RINGBUS_DIR stays the same after chdir, also in workers and children", () =>
  inScratch(async ({ path, spawn }) => {
    Deno.mkdirSync(`${path}/elsewhere`);
    const child = spawn({
      program: "moving.ts",
      flags: ["-A"],
      env: { RINGBUS_DIR: "segments" },
      args: ["elsewhere"],
      under: ["env", "-C", path],
    });
    assert.deepEqual(await child.result(), {
      inWorker: 1,
      here: 2,
      pushed: 3,
      channels: ["messages", "state", "work"],
      isListed: true,
      filesElsewhere: [],
    }, child.stderr);
    await child.ended();
    Deno.removeSync(`${path}/segments`, { recursive: true });
    Deno.removeSync(`${path}/elsewhere`, { recursive: true });
  }));
