// Processes of different namespaces of process ids share a directory: no live process counts as dead,
// and what a dead one held is released.

import assert from "node:assert/strict";
import { Channel, Puller, Pusher, removeStale, Requester, ShmTimeoutError } from "../../../mod.ts";
import { ISOLATE_PREFIX } from "../../../lib/platform/directory.ts";
import { platform } from "../../../lib/platform/mod.ts";
import { until } from "../../support/deadline.ts";
import { EventLog, eventText } from "../../support/event_log.ts";
import { openSocket } from "../../support/peer.ts";
import { inScratch, type Scratch } from "../../support/scratch.ts";

/** Ways to start a process in a namespace of its own. In the second one `/proc` is that of the others. */
const NAMESPACES: Record<string, string[]> = {
  "with its own /proc": ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"],
  "with the /proc of others": ["unshare", "--pid", "--fork", "--kill-child"],
};

function canRun([command, ...args]: string[]): boolean {
  try {
    return new Deno.Command(command, { args: [...args, "true"], stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

function hiddenFiles({ path, names }: Scratch): string[] {
  return names().filter((name) => name.startsWith(ISOLATE_PREFIX)).map((name) => `${path}/${name}`);
}

function run(command: string, ...args: string[]): void {
  const { success } = new Deno.Command(command, { args }).outputSync();
  assert.ok(success, `${command} ${args.join(" ")}`);
}

const ACCIDENTS: Record<string, (scratch: Scratch) => void> = {
  "nothing happens": () => {},
  "the hidden files are removed": (scratch) => run("rm", "-f", ...hiddenFiles(scratch)),
  "the hidden files are copies": (scratch) => {
    for (const file of hiddenFiles(scratch)) {
      run("cp", "-a", file, `${file}.copy`);
      run("mv", "-f", `${file}.copy`, file);
    }
  },
  "the directory is moved away and back": ({ path }) => {
    run("mv", path, `${path}.moved`);
    run("mv", `${path}.moved`, path);
  },
};

for (const [how, under] of Object.entries(NAMESPACES)) {
  const ignore = !canRun(under);
  Deno.test({
    name: `those who watch are told of a death in another namespace (${how})`,
    ignore,
    fn: () =>
      inScratch(async ({ path: dir, spawn }) => {
        await using log = new EventLog(new Channel("work", { dir }).participants());
        const child = spawn({ under });
        const role = "puller";
        await child.execute({ do: "open", id: "in", role, target: "work", options: { dir } });
        assert.equal(eventText(await log.next()), "joined work puller");
        child.kill("SIGKILL");
        assert.equal(eventText(await log.next()), "died work puller");
        await child.ended();
        removeStale({ dir });
      }),
  });

  for (const [what, happen] of Object.entries(ACCIDENTS)) {
    Deno.test({
      name: `a live puller of another namespace (${how}) keeps its job although ${what}`,
      ignore,
      fn: () =>
        inScratch(async (scratch) => {
          const { path: dir, spawn } = scratch;
          using pusher = new Pusher("work", { dir });
          const child = spawn({ under });
          await openSocket(child, "in", "puller", "work", { dir, ack: true });
          pusher.send("job");
          await child.execute({ do: "pull", id: "in", count: 1, settle: "keep" });
          happen(scratch);
          using rival = new Puller("work", { dir, ack: true });
          assert.throws(() => rival.recvSync({ timeoutMs: 300 }), ShmTimeoutError);
          await untilLocked(scratch, 2);
          child.kill("SIGKILL");
          const delivery = await rival.recv({ timeoutMs: 20_000 });
          assert.equal(delivery.value, "job");
          delivery.ack();
          await child.ended();
        }),
    });

    Deno.test({
      name: `a live replier of another namespace (${how}) replies although ${what}`,
      ignore,
      fn: () =>
        inScratch(async (scratch) => {
          const { path: dir, spawn } = scratch;
          const child = spawn({ under });
          await openSocket(child, "rep", "replier", "ask", { dir });
          await child.start({ do: "reply", id: "rep", mode: "serve", name: "served" });
          using requester = new Requester<unknown, unknown>("ask", { dir });
          await requester.request("stay", { timeoutMs: 20_000 });
          happen(scratch);
          await requester.request("stay", { timeoutMs: 20_000 });
          using newcomer = new Requester<unknown, unknown>("ask", { dir });
          assert.deepEqual(removeStale({ dir, includeNonEmpty: true }), []);
          await newcomer.request("stop", { timeoutMs: 20_000 });
        }),
    });
  }
}

Deno.test({
  name: "processes of one namespace, with the /proc of others, see each other alive without FIFOs",
  ignore: !canRun(NAMESPACES["with the /proc of others"]) || !canRun(["nsenter", "--version"]),
  fn: () =>
    inScratch(async (scratch) => {
      const { path: dir, spawn } = scratch;
      using pusher = new Pusher("work", { dir });
      const child = spawn({ under: NAMESPACES["with the /proc of others"] });
      await openSocket(child, "in", "puller", "work", { dir, ack: true });
      const inner = Deno.readTextFileSync(`/proc/${child.pid}/task/${child.pid}/children`).trim();
      const rival = spawn({ under: ["nsenter", `--pid=/proc/${inner}/ns/pid`] });
      await openSocket(rival, "in", "puller", "work", { dir, ack: true });
      pusher.send("job");
      await child.execute({ do: "pull", id: "in", count: 1, settle: "keep" });
      // Stopped, it cannot make its FIFO again.
      Deno.kill(Number(inner), "SIGSTOP");
      run("rm", "-f", ...hiddenFiles(scratch));
      const command = { do: "receive", id: "in", mode: "sync", count: 1, timeoutMs: 300 } as const;
      await assert.rejects(rival.execute(command), { kind: "ShmTimeoutError" });
      Deno.kill(Number(inner), "SIGCONT");
      for (const each of [child, rival]) await each.execute({ do: "close" });
      // The first process of a namespace takes the others with it.
      await rival.finish();
      pusher.close();
      removeStale({ dir, includeNonEmpty: true });
    }),
});

/** Waits until all FIFOs are there and are not copies any more: their owners hold the locks. */
async function untilLocked(scratch: Scratch, count: number): Promise<void> {
  await until(() => {
    const files = hiddenFiles(scratch);
    return files.length === count && files.every(isLocked);
  }, "the FIFOs with their locks");
}

function isLocked(file: string): boolean {
  const os = platform();
  const fd = os.openReadOnly(file);
  try {
    return !os.lock(fd, "shared");
  } finally {
    os.close(fd);
  }
}
