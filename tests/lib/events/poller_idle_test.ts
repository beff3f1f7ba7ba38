// What a poll of many idle sockets costs: it is counted, and not measured.

import assert from "node:assert/strict";
import { LocalChannel, Publisher, Signal, Subscriber } from "../../../mod.ts";
import { Poller } from "../../../lib/events/mod.ts";
import { platform } from "../../../lib/platform/mod.ts";
import { within } from "../../support/deadline.ts";
import { inScratch } from "../../support/scratch.ts";

const IDLE_MS = 450;
/** A sleep has at most 100 ms; it may end some milliseconds early. */
const MOST_SLEEPS = 2 + IDLE_MS / 50;

/** Calls `count` at each call of some methods while `body` runs. */
async function counting<T extends object>(
  target: T,
  names: readonly (keyof T & string)[],
  body: () => void | Promise<void>,
): Promise<number> {
  let calls = 0;
  const own = names.map((name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const);
  for (const name of names) {
    const method = target[name] as (...args: unknown[]) => unknown;
    const counted = function (this: unknown, ...args: unknown[]): unknown {
      calls++;
      return Reflect.apply(method, this, args);
    };
    Object.defineProperty(target, name, { value: counted, configurable: true, writable: true });
  }
  try {
    await body();
  } finally {
    for (const [name, descriptor] of own) {
      if (descriptor === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, descriptor);
    }
  }
  return calls;
}

/** Opens 1000 subscribers and signals on local channels. */
function openThousand(stack: DisposableStack): {
  sources: (Subscriber<number> | Signal)[];
  send(at: number): void;
} {
  const channels = Array.from(
    { length: 10 },
    () => stack.use(LocalChannel.create({ capacityBytes: 1024 })),
  );
  const publishers = channels.slice(0, 5).map(({ handle }) =>
    stack.use(new Publisher<number>(handle))
  );
  const notifiers = channels.slice(5).map(({ handle }) => stack.use(new Signal(handle)));
  const sources = Array.from({ length: 1000 }, (_, i) => {
    const { handle } = channels[i % 10];
    return stack.use(i % 10 < 5 ? new Subscriber<number>(handle) : new Signal(handle));
  });
  const send = (at: number) => {
    if (at < 5) publishers[at].send(1);
    else notifiers[at - 5].notify(1);
  };
  return { sources, send };
}

Deno.test("poll of 1000 idle local sockets: a thread that blocks sleeps as one", async () => {
  using stack = new DisposableStack();
  const { sources, send } = openThousand(stack);
  using poller = new Poller(sources);
  const sleeps = await counting(Atomics, ["wait"], () => {
    assert.deepEqual(poller.waitSync({ timeoutMs: IDLE_MS }), []);
  });
  assert.ok(sleeps > 0 && sleeps <= MOST_SLEEPS, `${sleeps} sleeps`);
  for (const at of [2, 7]) {
    send(at);
    const found = poller.waitSync();
    assert.equal(found.length, 100);
    for (const { source } of found) {
      if (source instanceof Signal) source.tryWait();
      else source.tryRecv();
    }
  }
});

Deno.test("poll of 1000 idle local sockets: the event loop has one timer and one wait", async () => {
  using stack = new DisposableStack();
  const { sources, send } = openThousand(stack);
  using poller = new Poller(sources);
  const [timers, waits] = [{ count: 0 }, { count: 0 }];
  waits.count = await counting(Atomics, ["waitAsync"], async () => {
    timers.count = await counting(globalThis, ["setInterval", "setTimeout"], async () => {
      assert.deepEqual(await poller.wait({ timeoutMs: IDLE_MS }), []);
    });
  });
  // One for the timeout, which may be set again if it came early, and one for the checks at intervals.
  assert.ok(timers.count <= 5, `${timers.count} timers`);
  // Each timer of the isolates' checks is such a wait, too.
  assert.ok(waits.count <= MOST_SLEEPS, `${waits.count} waits`);
  const waited = poller.wait({ limit: 1 });
  send(9);
  assert.equal((await within(waited, "an event")).length, 1);
});

Deno.test("poll of 150 idle channels between processes: few system calls, however many they are", () =>
  inScratch(async ({ path: dir }) => {
    using stack = new DisposableStack();
    const subscribers = Array.from(
      { length: 150 },
      (_, i) => stack.use(new Subscriber<number>(`c${i}`, { dir, capacityBytes: 1024 })),
    );
    using poller = new Poller(subscribers);
    const os = platform();
    const calls = [
      "awaitRing",
      "readRings",
      "sleep",
      "ring",
      "wake",
      "lock",
      "openReadOnly",
    ] as const;
    const made = await counting(os, calls, () => {
      assert.deepEqual(poller.waitSync({ timeoutMs: IDLE_MS }), []);
    });
    // A sleep, and before it what has rung is read.
    assert.ok(made > 0 && made <= 2 * MOST_SLEEPS, `${made} system calls`);
    using publisher = new Publisher<number>("c149", { dir });
    const waited = poller.wait();
    publisher.send(1);
    const events = await within(waited, "an event");
    assert.deepEqual(events, [{ source: subscribers[149], kind: "ready" }]);
  }));
