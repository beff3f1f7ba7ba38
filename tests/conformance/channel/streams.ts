// Streams of a reply: parts in order, no more of them than the window, and an end for both sides.

import assert from "node:assert/strict";
import {
  type Replier,
  type Requester,
  type ServeStreamOptions,
  ShmClosedError,
  ShmPeerLostError,
  ShmRemoteError,
  ShmSerializationError,
  ShmTimeoutError,
  type StreamHandler,
} from "../../../mod.ts";
import { until } from "../../support/deadline.ts";
import { type TestChannel, testOn, type TestTransport } from "./channel.ts";

const WAIT = { timeoutMs: 20_000 };

/** Requests that one requester can have in flight. */
const SLOTS = 256;

interface Server<Q, R> {
  replier: Replier<Q, R>;
  requester: Requester<Q, R>;
  /** Stops serving, and waits until all streams have ended. */
  stop: () => Promise<void>;
}

function serve<Q, P, R>(
  channel: TestChannel,
  handler: StreamHandler<Q, P, R>,
  options: ServeStreamOptions<Q, R> = {},
): Server<Q, R> {
  const replier = channel.replier<Q, R>();
  const requester = channel.requester<Q, R>();
  const controller = new AbortController();
  const served = replier.serveStream(handler, { ...options, signal: controller.signal });
  const stop = () => {
    controller.abort();
    return served;
  };
  return { replier, requester, stop };
}

/** Numbers without an end, and how the generator was ended. */
class Endless {
  produced = 0;
  ended = 0;
  reason: unknown;

  readonly handler = async function* (
    this: Endless,
    _request: unknown,
    { signal }: { signal: AbortSignal },
  ): AsyncGenerator<number, void> {
    try {
      while (true) yield this.produced++;
    } finally {
      this.reason = signal.reason;
      this.ended++;
    }
  }.bind(this);

  untilEnded(times = 1): Promise<void> {
    return until(() => this.ended === times, "the end of the generator");
  }
}

async function collect<P>(parts: AsyncIterable<P>): Promise<P[]> {
  const values: P[] = [];
  for await (const part of parts) values.push(part);
  return values;
}

export function testStreams(transport: TestTransport): void {
  testOn(
    transport,
    "the parts of a stream arrive in order, then what it returned",
    async (open) => {
      const { requester, stop } = serve<number, number, string>(open(), async function* (count) {
        for (let n = 0; n < count; n++) yield n;
        return `of ${count}`;
      });
      for (const window of [undefined, 1, 2, 255]) {
        const parts = requester.stream<number>(600, { ...WAIT, window });
        const values: number[] = [];
        let step = await parts.next();
        for (; !step.done; step = await parts.next()) values.push(step.value);
        assert.deepEqual(values, Array.from({ length: 600 }, (_, n) => n), `window ${window}`);
        assert.equal(step.value, "of 600");
      }
      assert.deepEqual(await collect(requester.stream(0, WAIT)), []);
      assert.equal(requester.statistics().received, 4 * 600);
      await stop();
    },
  );

  testOn(transport, "a stream carries values of any kind and size", async (open) => {
    const values = [
      undefined,
      null,
      "",
      { nested: [1, "two", { three: 3n }] },
      new Uint8Array(3_000_000).fill(7),
      "x".repeat(100_000),
      new Uint8Array(0),
      [],
    ];
    const { requester, stop } = serve<null, unknown, unknown>(open(), () => values);
    for (const window of [1, 16]) {
      assert.deepEqual(await collect(requester.stream(null, { ...WAIT, window })), values);
    }
    await stop();
  });

  testOn(transport, "a replier is never more parts ahead than the window", async (open) => {
    for (const window of [1, 3, 16]) {
      let received = 0;
      let produced = 0;
      const { requester, replier, stop } = serve<null, number, void>(open(), async function* () {
        for (; produced < 200; produced++) {
          assert.ok(produced - received < window, `${produced} produced, ${received} received`);
          yield produced;
        }
      });
      for await (const part of requester.stream<number>(null, { ...WAIT, window })) {
        assert.equal(part, received);
        // The replier goes on as far as it may, while the program handles a part.
        if (received === 0) await until(() => produced === window - 1, "the window");
        received++;
      }
      assert.equal(received, 200);
      assert.equal(replier.statistics().sent, 201);
      await stop();
    }
  });

  testOn(transport, "parts that wait are sent while the generator waits", async (open) => {
    const go = Promise.withResolvers<void>();
    const { requester, stop } = serve<null, number, void>(open(), async function* () {
      yield* [1, 2, 3];
      await go.promise;
      yield 4;
    });
    const values: number[] = [];
    for await (const part of requester.stream<number>(null, WAIT)) {
      values.push(part);
      if (part === 3) go.resolve();
    }
    assert.deepEqual(values, [1, 2, 3, 4]);
    await stop();
  });

  testOn(transport, "a loop that is left ends the generator", async (open) => {
    const endless = new Endless();
    const { requester, stop } = serve<null, number, void>(open(), endless.handler);
    for (let times = 1; times <= SLOTS + 4; times++) {
      for await (const _ of requester.stream(null, { ...WAIT, window: 1 + times % 4 })) break;
    }
    await endless.untilEnded(SLOTS + 4);
    assert.equal((endless.reason as DOMException).name, "AbortError");
    await stop();
  });

  testOn(transport, "a stream whose loop never began sends nothing", async (open) => {
    const { requester, stop } = serve<null, number, void>(open(), () => [1]);
    await requester.stream(null).return(undefined);
    requester.stream(null);
    assert.equal(requester.statistics().sent, 0);
    await stop();
  });

  testOn(transport, "an aborted signal ends both sides while the program is busy", async (open) => {
    const endless = new Endless();
    const { requester, stop } = serve<null, number, void>(open(), endless.handler);
    const controller = new AbortController();
    const parts = requester.stream(null, { signal: controller.signal });
    await parts.next();
    controller.abort(new Error("enough"));
    await endless.untilEnded();
    await assert.rejects(parts.next(), /enough/);
    await assert.rejects(requester.stream(null, { signal: controller.signal }).next(), /enough/);
    await stop();
  });

  testOn(transport, "an aborted signal ends a generator that waits", async (open) => {
    const waiting = Promise.withResolvers<void>();
    const reason = Promise.withResolvers<unknown>();
    const { requester, stop } = serve<null, number, void>(open(), async function* (_, { signal }) {
      yield 1;
      waiting.resolve();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      reason.resolve(signal.reason);
    });
    const controller = new AbortController();
    const parts = requester.stream(null, { signal: controller.signal });
    await parts.next();
    const next = parts.next();
    await waiting.promise;
    controller.abort(new Error("enough"));
    await assert.rejects(next, /enough/);
    assert.equal((await reason.promise as DOMException).name, "AbortError");
    await stop();
  });

  testOn(transport, "a part that does not arrive in time ends the stream", async (open) => {
    let isAborted = false;
    const { requester, stop } = serve<number, number, number>(
      open(),
      async function* (count, { signal }) {
        try {
          yield 1;
          if (count === 1) return 1;
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
          return 2;
        } finally {
          isAborted = signal.aborted;
        }
      },
    );
    const parts = requester.stream(2, { timeoutMs: 500 });
    await parts.next();
    await assert.rejects(parts.next(), (error: Error) => {
      assert.ok(error instanceof ShmTimeoutError);
      assert.match(error.message, /no part of a stream arrived .* within 500 ms/);
      return true;
    });
    await until(() => isAborted, "the end of the generator");
    assert.deepEqual(await collect(requester.stream(1, WAIT)), [1]);
    await stop();
  });

  testOn(transport, "what a generator throws comes after its parts", async (open) => {
    const { requester, stop } = serve<number, number, void>(open(), async function* (count) {
      for (let n = 0; n < count; n++) yield n;
      throw new RangeError("no more");
    });
    for (const count of [0, 1, 40]) {
      let received = 0;
      const loop = async () => {
        for await (const _ of requester.stream(count, WAIT)) received++;
      };
      await assert.rejects(loop(), (error: Error) => {
        assert.ok(error instanceof ShmRemoteError);
        assert.deepEqual([error.remoteName, error.message], ["RangeError", "no more"]);
        return true;
      });
      assert.equal(received, count);
    }
    await stop();
  });

  testOn(
    transport,
    "a part that cannot be encoded ends the stream and its generator",
    async (open) => {
      let isEnded = false;
      const { requester, stop } = serve<null, unknown, void>(open(), async function* () {
        try {
          yield 1;
          yield () => {};
        } finally {
          isEnded = true;
        }
      });
      const parts = requester.stream(null, WAIT);
      assert.equal((await parts.next()).value, 1);
      await assert.rejects(parts.next(), (error: Error) => {
        assert.ok(error instanceof ShmRemoteError);
        assert.equal(error.remoteName, "ShmSerializationError");
        return true;
      });
      assert.ok(isEnded);
      await stop();
    },
  );

  testOn(transport, "a request that cannot be encoded is an error of its stream", async (open) => {
    const { requester, stop } = serve<unknown, number, void>(open(), () => [1]);
    await assert.rejects(requester.stream(() => {}).next(), ShmSerializationError);
    assert.deepEqual(await collect(requester.stream(null, WAIT)), [1]);
    await stop();
  });

  testOn(transport, "requests with one reply are served beside streams", async (open) => {
    const { requester, stop } = serve<number, number, number>(open(), async function* (count) {
      for (let n = 0; n < count; n++) yield n;
      return 10 * count;
    }, { concurrency: 4 });
    const parts = requester.stream<number>(100, WAIT);
    await parts.next();
    assert.equal(await requester.request(7, WAIT), 70);
    assert.deepEqual(await collect(requester.stream(2, WAIT)), [0, 1]);
    assert.equal((await collect(parts)).length, 99);
    await stop();
  });

  testOn(transport, "the option reply answers requests with one reply", async (open) => {
    const { requester, stop } = serve<number, number, string>(
      open(),
      (count) => [count, count],
      { reply: (count, { signal }) => `${count} ${signal.aborted}` },
    );
    assert.equal(await requester.request(7, WAIT), "7 false");
    assert.deepEqual(await collect(requester.stream(7, WAIT)), [7, 7]);
    await stop();
  });

  testOn(transport, "a replier that does not stream sends one part", async (open) => {
    const channel = open();
    const replier = channel.replier<number, number>();
    const requester = channel.requester<number, number>();
    const stop = new AbortController();
    const served = replier.serve((n) => {
      if (n < 0) throw new RangeError("negative");
      return n * n;
    }, { signal: stop.signal });
    assert.deepEqual(await collect(requester.stream(4, WAIT)), [16]);
    await assert.rejects(collect(requester.stream(-1, WAIT)), ShmRemoteError);
    stop.abort();
    await served;
    const parts = collect(requester.stream(5, WAIT));
    assert.equal(await replier.recv(WAIT), 5);
    assert.ok(replier.send(25));
    assert.deepEqual(await parts, [25]);
    assert.equal(await requester.stream(0).return(1).then(({ value }) => value), 1);
  });

  testOn(transport, "a handler must return an iterable", async (open) => {
    const handler = (() => 7) as unknown as StreamHandler<number, number, number>;
    const { requester, stop } = serve<number, number, number>(open(), handler);
    const expected = (error: Error) => {
      assert.match(error.message, /handler of serveStream\(\) must return an iterable.*not 7/);
      return error instanceof ShmRemoteError;
    };
    await assert.rejects(requester.stream(1, WAIT).next(), expected);
    await assert.rejects(requester.request(1, WAIT), expected);
    await stop();
  });

  testOn(
    transport,
    "a replier that closes ends its streams with ShmPeerLostError",
    async (open) => {
      const endless = new Endless();
      const { requester, replier, stop } = serve<null, number, void>(open(), endless.handler, {
        concurrency: 2,
      });
      const waiting = requester.stream(null, { ...WAIT, window: 1 });
      const full = requester.stream(null, WAIT);
      await waiting.next();
      await full.next();
      replier.close();
      for (const parts of [waiting, full]) {
        await assert.rejects(collect(parts), (error: Error) => {
          assert.ok(error instanceof ShmPeerLostError, error.stack);
          return true;
        });
      }
      await stop();
      assert.equal(endless.ended, 2);
      assert.ok(endless.reason instanceof ShmClosedError);
    },
  );

  testOn(transport, "a requester that closes ends its generators", async (open) => {
    const endless = new Endless();
    const { requester, stop } = serve<null, number, void>(open(), endless.handler, {
      concurrency: 2,
    });
    const first = requester.stream(null, WAIT);
    const second = requester.stream(null, { ...WAIT, window: 1 });
    for (const parts of [first, second]) await parts.next();
    requester.close();
    await endless.untilEnded(2);
    await assert.rejects(collect(first), ShmClosedError);
    await stop();
  });

  testOn(transport, "many streams of several requesters keep apart", async (open) => {
    const channel = open();
    const { requester, stop } = serve<number, number, number>(channel, async function* (base) {
      for (let n = 0; n < 40; n++) yield base + n;
    }, { concurrency: 8 });
    const other = channel.requester<number, number>();
    const streams = Array.from({ length: 24 }, (_, n) => {
      const from = n % 2 === 0 ? requester : other;
      return collect(from.stream<number>(1000 * n, { ...WAIT, window: 1 + n % 5 }));
    });
    for (const [n, values] of (await Promise.all(streams)).entries()) {
      assert.deepEqual(values, Array.from({ length: 40 }, (_, at) => 1000 * n + at));
    }
    await stop();
  });

  testOn(transport, "the options of streams are checked", async (open) => {
    const channel = open();
    const requester = channel.requester<number, number>();
    const replier = channel.replier<number, number>();
    for (const window of [0, 256, 1.5]) {
      assert.throws(
        () => requester.stream(1, { window }),
        /window must be a whole number from 1 to 255/,
      );
    }
    const loose = requester as unknown as { stream(...args: unknown[]): unknown };
    assert.throws(() => loose.stream(1, { windw: 1 }), /stream\(\) has no option "windw".*window/);
    await assert.rejects(replier.serveStream(1 as never), TypeError);
    await assert.rejects(replier.serveStream(() => [], { concurrency: 0 }), RangeError);
    await assert.rejects(replier.serveStream(() => [], { reply: 1 as never }), TypeError);
    const served = replier.serveStream(() => []);
    await assert.rejects(replier.serve((n) => n), /another call waits for one/);
    replier.close();
    await served;
  });
}
