// Timeouts, abort signals and closing, on every call that waits.

import assert from "node:assert/strict";
import {
  ShmBufferFullError,
  ShmClosedError,
  ShmTimeoutError,
  type TimeoutOptions,
  type WaitOptions,
} from "../../../mod.ts";
import { type TestChannel, testOn, type TestTransport } from "./channel.ts";
import { assertPrompt } from "../../support/deadline.ts";
import { sleep } from "./values.ts";

interface Waiting {
  name: string;
  error: typeof ShmTimeoutError | typeof ShmBufferFullError;
  /** Opens sockets on which the call has to wait. */
  prepare(channel: TestChannel): {
    wait(options?: WaitOptions): Promise<unknown>;
    waitSync(options: TimeoutOptions): unknown;
    close(): void;
  };
}

const WAITING: readonly Waiting[] = [
  {
    name: "a subscriber's recv",
    error: ShmTimeoutError,
    prepare(channel) {
      const socket = channel.subscriber();
      return {
        wait: (options) => socket.recv(options),
        waitSync: (options) => socket.recvSync(options),
        close: () => socket.close(),
      };
    },
  },
  {
    name: "a puller's recv",
    error: ShmTimeoutError,
    prepare(channel) {
      const socket = channel.puller();
      return {
        wait: (options) => socket.recv(options),
        waitSync: (options) => socket.recvIntoSync(new Uint8Array(8), options),
        close: () => socket.close(),
      };
    },
  },
  {
    name: "a pusher's send",
    error: ShmBufferFullError,
    prepare(channel) {
      const socket = channel.pusher();
      while (socket.send("x")) continue;
      return {
        wait: (options) => socket.sendAsync("x", options),
        waitSync: (options) => socket.sendSync("x", options),
        close: () => socket.close(),
      };
    },
  },
  {
    name: "a requester's request",
    error: ShmTimeoutError,
    prepare(channel) {
      const socket = channel.requester();
      return {
        wait: (options) => socket.request("x", options),
        waitSync: (options) => socket.requestSync("x", options),
        close: () => socket.close(),
      };
    },
  },
  {
    name: "a requester's recv",
    error: ShmTimeoutError,
    prepare(channel) {
      const socket = channel.requester();
      assert.equal(socket.send("x"), true);
      return {
        wait: (options) => socket.recv(options),
        waitSync: (options) => socket.recvSync(options),
        close: () => socket.close(),
      };
    },
  },
  {
    name: "a request without space",
    error: ShmBufferFullError,
    prepare(channel) {
      const socket = channel.requester();
      while (socket.send("x")) continue;
      return {
        wait: (options) => socket.request("x", options),
        waitSync: (options) => socket.requestSync("x", options),
        close: () => socket.close(),
      };
    },
  },
  {
    name: "a replier's recv",
    error: ShmTimeoutError,
    prepare(channel) {
      const socket = channel.replier();
      return {
        wait: (options) => socket.recv(options),
        waitSync: (options) => socket.recvSync(options),
        close: () => socket.close(),
      };
    },
  },
];

export function testWaiting(transport: TestTransport): void {
  for (const waiting of WAITING) testOneWaiting(transport, waiting);

  testOn(transport, "calls that wait are served in their order", async (open) => {
    const channel = open();
    const puller = channel.puller<number>();
    const pusher = channel.pusher<number>();
    const order: number[] = [];
    const waits = [1, 2, 3].map((n) =>
      puller.recv({ timeoutMs: 30_000 }).then((value) => order.push(n * 10 + value))
    );
    pusher.sendMany([1, 2, 3]);
    await Promise.all(waits);
    assert.deepEqual(order, [11, 22, 33]);
  });

  testOn(transport, "one aborted wait leaves the others waiting", async (open) => {
    const channel = open();
    const puller = channel.puller<number>();
    const controller = new AbortController();
    const aborted = puller.recv({ signal: controller.signal });
    const timedOut = puller.recv({ timeoutMs: 5 });
    const kept = puller.recv({ timeoutMs: 30_000 });
    controller.abort(new Error("changed my mind"));
    await assert.rejects(aborted, { message: "changed my mind" });
    await assert.rejects(timedOut, ShmTimeoutError);
    channel.pusher<number>().send(7);
    assert.equal(await kept, 7);
  });

  testOn(transport, "an aborted wait takes no message", async (open) => {
    const channel = open();
    const puller = channel.puller<number>();
    const pusher = channel.pusher<number>();
    for (let i = 0; i < 50; i++) {
      const controller = new AbortController();
      const wait = puller.recv({ signal: controller.signal });
      controller.abort();
      await assert.rejects(wait, { name: "AbortError" });
      pusher.send(i);
      assert.equal(puller.tryRecv(), i);
    }
  });

  testOn(transport, "a message that is there is received with any timeout", async (open) => {
    const channel = open();
    const puller = channel.puller<number>();
    channel.pusher<number>().sendMany([1, 2, 3, 4]);
    assert.equal(await puller.recv({ timeoutMs: 0 }), 1);
    assert.equal(puller.recvSync({ timeoutMs: 0 }), 2);
    assert.equal(await puller.recv({ timeoutMs: Number.MAX_SAFE_INTEGER }), 3);
    assert.equal(puller.recvSync({ timeoutMs: Number.MAX_SAFE_INTEGER }), 4);
  });

  testOn(transport, "a timeout longer than any timer waits on", async (open) => {
    const channel = open();
    const puller = channel.puller<number>();
    const wait = puller.recv({ timeoutMs: Number.MAX_SAFE_INTEGER });
    await sleep(20);
    channel.pusher<number>().send(1);
    assert.equal(await wait, 1);
  });

  testOn(transport, "an asynchronous receiver is woken at once", async (open) => {
    const channel = open();
    const subscriber = channel.subscriber<number>();
    const publisher = channel.publisher<number>();
    await assertPrompt(async () => {
      const wait = subscriber.recv({ timeoutMs: 30_000 });
      await sleep(1);
      const start = performance.now();
      publisher.send(1);
      assert.equal(await wait, 1);
      return performance.now() - start;
    });
  });

  testOn(transport, "the iterator receives until the socket is closed", async (open) => {
    const channel = open();
    const puller = channel.puller<number>();
    channel.pusher<number>().sendMany([1, 2, 3]);
    const received: number[] = [];
    for await (const value of puller) {
      received.push(value);
      if (received.length === 3) setTimeout(() => puller.close(), 5);
    }
    assert.deepEqual(received, [1, 2, 3]);
  });

  testOn(transport, "leaving the iterator leaves the socket open", async (open) => {
    const channel = open();
    const puller = channel.puller<number>();
    channel.pusher<number>().sendMany([1, 2]);
    for await (const value of puller) {
      assert.equal(value, 1);
      break;
    }
    assert.equal(puller.closed, false);
    assert.equal(puller.tryRecv(), 2);
  });
}

function testOneWaiting(transport: TestTransport, { name, error, prepare }: Waiting): void {
  testOn(transport, `${name} ends at its timeout`, async (open) => {
    const { wait, waitSync } = prepare(open(1024));
    for (const timeoutMs of [0, 1, 30]) {
      const start = performance.now();
      await assert.rejects(
        wait({ timeoutMs }),
        (thrown: Error) => thrown instanceof error && thrown.message.includes(`${timeoutMs} ms`),
      );
      const between = performance.now();
      assert.throws(
        () => waitSync({ timeoutMs }),
        (thrown: Error) => thrown instanceof error && thrown.message.includes(`${timeoutMs} ms`),
      );
      assert.ok(between - start > timeoutMs - 2 && between - start < timeoutMs + 10_000);
      assert.ok(performance.now() - between > timeoutMs - 2);
    }
  });

  testOn(transport, `${name} ends with the reason of its signal`, async (open) => {
    const { wait } = prepare(open(1024));
    const reason = { why: "tea" };
    const is = (thrown: unknown) => thrown === reason;
    await assert.rejects(wait({ signal: AbortSignal.abort(reason) }), is);
    const controller = new AbortController();
    const waiting = wait({ signal: controller.signal });
    setTimeout(() => controller.abort(reason), 2);
    await assert.rejects(waiting, is);
    await assert.rejects(wait({ signal: AbortSignal.timeout(2), timeoutMs: 30_000 }), {
      name: "TimeoutError",
    });
  });

  testOn(transport, `${name} rejects an invalid timeout`, async (open) => {
    const { wait, waitSync } = prepare(open(1024));
    for (const timeoutMs of [-1, NaN, Infinity, -Infinity, "5", null] as number[]) {
      const rejected = (thrown: Error) =>
        thrown instanceof RangeError && /timeoutMs must be a finite number/.test(thrown.message);
      await assert.rejects(wait({ timeoutMs }), rejected);
      assert.throws(() => waitSync({ timeoutMs }), rejected);
    }
  });

  testOn(transport, `${name} ends when its socket is closed`, async (open) => {
    const { wait, waitSync, close } = prepare(open(1024));
    const waiting = wait();
    setTimeout(close, 2);
    await assert.rejects(waiting, ShmClosedError);
    await assert.rejects(wait(), ShmClosedError);
    assert.throws(() => waitSync({ timeoutMs: 0 }), ShmClosedError);
  });
}
