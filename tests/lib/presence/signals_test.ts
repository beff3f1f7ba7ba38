// SIGTERM, SIGINT and SIGHUP: who decides about the end of a program that has sockets.

import assert from "node:assert/strict";
import type { Child } from "../../support/child.ts";
import type { Plan } from "../../support/programs/signalled.ts";
import { until, within } from "../../support/deadline.ts";
import { inScratch, type Scratch } from "../../support/scratch.ts";
import { removeStale } from "../../../mod.ts";

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** A program that waits. */
async function start(scratch: Scratch, plan: Plan): Promise<Child> {
  const child = scratch.spawn({
    program: "signalled.ts",
    flags: ["-A"],
    env: { RINGBUS_DIR: scratch.path },
    args: [JSON.stringify(plan)],
  });
  assert.equal(await child.result(), "waiting", child.stderr);
  return child;
}

/** What a program says until it ends by itself, in its listener. */
async function endsByItself(child: Child, count: number): Promise<unknown[]> {
  const said: unknown[] = [];
  while (said.length < count) said.push(await child.result());
  assert.equal((await child.ended()).code, 7, child.stderr);
  return said;
}

for (const signal of SIGNALS) {
  for (const wait of ["asynchronous", "synchronous", "polling"] as const) {
    Deno.test(`${signal} without a listener ends an ${wait} wait, and leaves nothing behind`, () =>
      inScratch(async (scratch) => {
        const child = await start(scratch, { signal, wait, listeners: [] });
        child.kill(signal);
        assert.equal((await child.ended()).signal, signal, child.stderr);
      }));
  }

  for (const when of ["before", "after", "node", "once"] as const) {
    Deno.test(`${signal} leaves a program to its listener, added ${when}, to its last message`, () =>
      inScratch(async (scratch) => {
        const child = await start(scratch, { signal, wait: "asynchronous", listeners: [when] });
        child.kill(signal);
        const [said] = await endsByItself(child, 1);
        assert.deepEqual(said, { call: 1, calls: 1, sent: true });
        assert.deepEqual(removeStale({ dir: scratch.path, includeNonEmpty: true }), ["busy"]);
      }));
  }

  Deno.test(`${signal} calls each of two listeners of a program once`, () =>
    inScratch(async (scratch) => {
      const listeners = ["before", "after"] as const;
      const child = await start(scratch, {
        signal,
        wait: "asynchronous",
        listeners: [...listeners],
      });
      child.kill(signal);
      const said = await endsByItself(child, 2);
      assert.deepEqual(said, [1, 2].map((call) => ({ call, calls: 2, sent: true })));
      removeStale({ dir: scratch.path, includeNonEmpty: true });
    }));

  Deno.test(`a second ${signal} ends a program whose listener removes itself at the first`, () =>
    inScratch(async (scratch) => {
      const child = await start(scratch, { signal, wait: "asynchronous", listeners: ["stays"] });
      child.kill(signal);
      assert.equal(await child.result(), "called");
      child.kill(signal);
      assert.equal((await child.ended()).signal, signal, child.stderr);
    }));

  Deno.test(`${signal} ends a program whose listener was removed`, () =>
    inScratch(async (scratch) => {
      const child = await start(scratch, { signal, wait: "asynchronous", listeners: ["removed"] });
      child.kill(signal);
      assert.equal((await child.ended()).signal, signal, child.stderr);
    }));

  Deno.test(`${signal} ends the call that blocks a program, whose listener then runs`, () =>
    inScratch(async (scratch) => {
      const child = await start(scratch, { signal, wait: "synchronous", listeners: ["before"] });
      child.kill(signal);
      const said = await endsByItself(child, 2);
      assert.deepEqual(said, ["ShmClosedError", { call: 1, calls: 1, sent: "ShmClosedError" }]);
    }));

  Deno.test(`${signal} leaves a program alone that manages its sockets`, () =>
    inScratch(async (scratch) => {
      const plan = {
        signal,
        wait: "asynchronous",
        listeners: ["before"],
        unmanaged: true,
      } as const;
      const child = await start(scratch, { ...plan, listeners: ["before"] });
      child.kill(signal);
      assert.deepEqual(await endsByItself(child, 1), [{ call: 1, calls: 1, sent: true }]);
      removeStale({ dir: scratch.path, includeNonEmpty: true });
    }));

  const asynchronous: Plan = { signal, wait: "asynchronous", listeners: [] };
  const synchronous: Plan = { signal, wait: "synchronous", listeners: [] };
  const none: Plan = { signal, wait: "none", listeners: [] };
  for (const worker of [asynchronous, synchronous]) {
    for (const main of [asynchronous, none]) {
      Deno.test(`${signal} closes a worker's ${worker.wait} wait, and main's: ${main.wait}`, () =>
        inScratch(async (scratch) => {
          const child = await start(scratch, { ...main, worker });
          child.kill(signal);
          assert.equal((await child.ended()).signal, signal, child.stderr);
        }));
    }

    for (const when of ["before", "once"] as const) {
      Deno.test(`${signal} calls main's listener (${when}), with a worker's ${worker.wait} wait`, () =>
        inScratch(async (scratch) => {
          const child = await start(scratch, { ...none, listeners: [when], worker });
          child.kill(signal);
          const said = await endsByItself(child, 1);
          assert.deepEqual(said, [{ call: 1, calls: 1 }]);
          removeStale({ dir: scratch.path });
        }));
    }
  }

  Deno.test(`${signal} leaves a process to the listener of a worker that has sockets`, () =>
    inScratch(async (scratch) => {
      const child = await start(scratch, {
        ...none,
        worker: { ...asynchronous, listeners: ["after"] },
      });
      child.kill(signal);
      assert.deepEqual(await child.result(), { call: 1, calls: 1, sent: true });
      child.kill("SIGKILL");
      await child.ended();
      removeStale({ dir: scratch.path, includeNonEmpty: true });
    }));
}

Deno.test({
  name: "a listener that the runtime calls late keeps its sockets while the event loop runs",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inScratch(async (scratch) => {
      const child = await start(scratch, {
        signal: "SIGTERM",
        wait: "asynchronous",
        listeners: ["before"],
        lateMs: 1500,
      });
      assert.deepEqual(await endsByItself(child, 1), ["ShmTimeoutError"]);
    }),
});

Deno.test("deno run --watch starts a program with sockets and a worker again, twice", () =>
  inScratch(async (scratch) => {
    const folder = Deno.makeTempDirSync();
    const file = `${folder}/program.ts`;
    const mod = new URL("../../../mod.ts", import.meta.url).href;
    const looping = new URL("../../support/programs/looping_worker.ts", import.meta.url).href;
    const save = (run: number) =>
      Deno.writeTextFileSync(
        file,
        `import { Puller } from ${JSON.stringify(mod)};
         const puller = new Puller("watched");
         const worker = new Worker(${JSON.stringify(looping)}, { type: "module" });
         const done = new Int32Array(new SharedArrayBuffer(4));
         worker.postMessage({ target: "jobs", call: "recvSync", workMs: 0, done });
         await new Promise((resolve) => worker.onmessage = resolve);
         console.log("run ${run}");
         await puller.recv();`,
      );
    save(1);
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const watcher = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--watch", "--no-lock", "--config", config, file],
      env: { RINGBUS_DIR: scratch.path, NO_COLOR: "1" },
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const output = watcher.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let saving: ReturnType<typeof setInterval> | undefined;
    try {
      let said = "";
      for (const run of [1, 2, 3]) {
        // The watcher may not watch yet when the program says its first line.
        if (run > 1) {
          save(run);
          // Rarely: each save starts the program again, and on a busy machine its start takes a while.
          saving = setInterval(() => save(run), 5000);
        }
        while (!said.includes(`run ${run}\n`)) {
          const { value, done } = await within(output.read(), `run ${run}`);
          assert.ok(!done, "the watcher ended");
          said += value;
        }
        clearInterval(saving);
        const isIsolate = (name: string) => name.startsWith(".agent-");
        // That of the program, and that of its worker, which blocks in a call.
        await until(
          () => scratch.names().filter(isIsolate).length === 2,
          "the closing of the sockets of the run before",
        );
      }
      watcher.kill("SIGTERM");
      assert.equal((await within(watcher.status, "the end of the watcher")).signal, "SIGTERM");
    } finally {
      clearInterval(saving);
      killIfAlive(watcher);
      await watcher.status;
      await output.cancel();
      Deno.removeSync(folder, { recursive: true });
    }
  }));

function killIfAlive(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch {
    // It has ended.
  }
}
