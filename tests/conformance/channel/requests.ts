// Requests and replies on one kind of memory.

import assert from "node:assert/strict";
import {
  type Replier,
  type ServeOptions,
  ShmPeerLostError,
  ShmRemoteError,
  ShmSerializationError,
  ShmTimeoutError,
} from "../../../mod.ts";
import { testOn, type TestTransport } from "./channel.ts";
import { assertPrompt } from "../../support/deadline.ts";
import { numbers, sleep } from "./values.ts";

/** Code of `ShmSerializationError`. */
const SERIALIZATION = "shm-serialization";

/** Serves until `stop` is called. */
function serve<Q, R>(
  replier: Replier<Q, R>,
  handler: (request: Q) => R | Promise<R>,
  options: ServeOptions = {},
): { stop(): Promise<void> } {
  const controller = new AbortController();
  const done = replier.serve(handler, { ...options, signal: controller.signal });
  return {
    stop: () => {
      controller.abort();
      return done;
    },
  };
}

export function testRequests(transport: TestTransport): void {
  testOn(transport, "a request gets its reply", async (open) => {
    const channel = open();
    const served = serve(channel.replier<number, number>(), (n) => n * 2);
    const requester = channel.requester<number, number>();
    assert.equal(await requester.request(21), 42);
    assert.equal(await requester.request(4, { timeoutMs: 30_000 }), 8);
    await served.stop();
  });

  testOn(transport, "a requester may attach before its replier", async (open) => {
    const channel = open();
    const reply = channel.requester<string, string>().request("early", { timeoutMs: 30_000 });
    const served = serve(channel.replier<string, string>(), (text) => `${text} bird`);
    assert.equal(await reply, "early bird");
    await served.stop();
  });

  testOn(
    transport,
    "many requests are in flight at once, each with its own reply",
    async (open) => {
      const channel = open();
      const repliers = numbers(3).map(() => channel.replier<number, string>());
      const served = repliers.map((replier) =>
        serve(replier, async (n) => {
          if (n % 10 === 0) await sleep(1);
          return `reply ${n}`;
        }, { concurrency: 20 })
      );
      const requester = channel.requester<number, string>();
      const replies = await Promise.all(
        numbers(900).map((n) => requester.request(n, { timeoutMs: 20_000 })),
      );
      assert.deepEqual(replies, numbers(900).map((n) => `reply ${n}`));
      for (const { stop } of served) await stop();
      const shares = repliers.map((replier) => replier.statistics().received);
      assert.equal(shares.reduce((sum, share) => sum + share), 900);
      assert.ok(Math.min(...shares) > 0, `shares ${shares}`);
    },
  );

  testOn(transport, "a reply goes to its requester alone", async (open) => {
    const channel = open();
    const served = serve(channel.replier<string, string>(), (text) => text.toUpperCase());
    const requesters = numbers(5).map(() => channel.requester<string, string>());
    const replies = await Promise.all(
      requesters.flatMap((requester, index) =>
        numbers(50).map((n) => requester.request(`r${index}-${n}`, { timeoutMs: 30_000 }))
      ),
    );
    assert.deepEqual(replies, numbers(250).map((n) => `R${Math.floor(n / 50)}-${n % 50}`));
    for (const requester of requesters) assert.equal(requester.statistics().received, 50);
    await served.stop();
  });

  testOn(transport, "a reply does not wait for those to earlier requests", async (open) => {
    const channel = open();
    const gates = numbers(3).map(() => Promise.withResolvers<void>());
    const served = serve(channel.replier<number, number>(), async (n) => {
      await gates[n].promise;
      return n;
    }, { concurrency: 3 });
    const requester = channel.requester<number, number>();
    const replies = numbers(3).map((n) => requester.request(n, { timeoutMs: 30_000 }));
    for (const n of [2, 1, 0]) {
      gates[n].resolve();
      assert.equal(await replies[n], n);
    }
    await served.stop();
  });

  testOn(transport, "serve handles as many requests at once as its concurrency", async (open) => {
    const channel = open();
    for (const concurrency of [1, 4]) {
      let now = 0;
      let full = Promise.withResolvers<void>();
      const replier = channel.replier<number, number>();
      const served = serve(replier, async (n) => {
        assert.ok(++now <= concurrency);
        const { promise } = full;
        if (now === concurrency) {
          full.resolve();
          full = Promise.withResolvers();
        }
        await promise;
        now--;
        return n;
      }, { concurrency });
      const requester = channel.requester<number, number>();
      const replies = numbers(12).map((n) => requester.request(n, { timeoutMs: 30_000 }));
      assert.deepEqual(await Promise.all(replies), numbers(12));
      await served.stop();
      replier.close();
    }
  });

  testOn(transport, "serve replies to what it received before it stops", async (open) => {
    const channel = open();
    const taken = Promise.withResolvers<void>();
    const mayReply = Promise.withResolvers<void>();
    const served = serve(channel.replier<number, number>(), async (n) => {
      taken.resolve();
      await mayReply.promise;
      return n;
    });
    const requester = channel.requester<number, number>();
    const reply = requester.request(5, { timeoutMs: 30_000 });
    await taken.promise;
    const stopped = served.stop();
    mayReply.resolve();
    await stopped;
    assert.equal(await reply, 5);
    await assert.rejects(requester.request(6, { timeoutMs: 5 }), ShmTimeoutError);
  });

  testOn(transport, "serve returns at once when its signal is aborted before", async (open) => {
    const channel = open();
    const replier = channel.replier<number, number>();
    await replier.serve((n) => n, { signal: AbortSignal.abort() });
    for (const concurrency of [0, -1, NaN]) {
      await assert.rejects(replier.serve((n) => n, { concurrency }), RangeError);
    }
  });

  testOn(transport, "serve ends when the replier is closed", async (open) => {
    const channel = open();
    const replier = channel.replier<number, number>();
    const done = replier.serve((n) => n);
    setTimeout(() => replier.close(), 2);
    await done;
  });

  testOn(transport, "a handler that throws gives the requester its message", async (open) => {
    const channel = open();
    const served = serve(channel.replier<string, unknown>(), (text) => {
      if (text === "type") throw new TypeError("no such arm");
      if (text === "string") throw "plain text";
      if (text === "undefined") return undefined;
      if (text === "function") return () => 1;
      return "fine";
    });
    const requester = channel.requester<string, unknown>();
    const fails = (text: string, remoteName: string, message: RegExp, remoteCode?: string) =>
      assert.rejects(requester.request(text, { timeoutMs: 30_000 }), (error: Error) => {
        assert.ok(error instanceof ShmRemoteError);
        assert.equal(error.remoteName, remoteName);
        assert.equal(error.remoteCode, remoteCode);
        assert.match(error.message, message);
        return true;
      });
    await fails("type", "TypeError", /no such arm/);
    await fails("string", "Error", /plain text/);
    assert.equal(await requester.request("undefined", { timeoutMs: 30_000 }), undefined);
    await fails("function", "ShmSerializationError", /cannot be encoded/, SERIALIZATION);
    assert.equal(await requester.request("x", { timeoutMs: 30_000 }), "fine");
    await served.stop();
  });

  testOn(
    transport,
    "a handler that returns nothing has replied, with every codec",
    async (open) => {
      for (const codec of ["msgpack", "json", "raw", "clone"] as const) {
        const channel = open();
        const requester = channel.requester<Uint8Array | null, void>({ codec });
        const replier = channel.replier<unknown, void>({ codec });
        const served = serve(replier, () => {});
        const request = codec === "raw" ? new Uint8Array(1) : null;
        assert.equal(await requester.request(request, { timeoutMs: 30_000 }), undefined, codec);
        await served.stop();
        requester.send(request);
        await replier.recv();
        replier.send();
        assert.equal(await requester.recv({ timeoutMs: 30_000 }), undefined, codec);
      }
    },
  );

  testOn(transport, "send and recv are the two steps of a request", async (open) => {
    const channel = open();
    const requester = channel.requester<string, string>();
    const replier = channel.replier<string, string>();
    assert.equal(requester.send("one"), true);
    assert.equal(requester.send("two"), true);
    assert.equal(await replier.recv({ timeoutMs: 30_000 }), "one");
    assert.equal(replier.send("eins"), true);
    assert.equal(replier.tryRecv(), "two");
    assert.equal(replier.send("zwei"), true);
    assert.equal(await requester.recv({ timeoutMs: 30_000 }), "eins");
    assert.equal(requester.recvSync({ timeoutMs: 30_000 }), "zwei");
  });

  testOn(transport, "replies are received in the order of their requests", (open) => {
    const channel = open();
    const requester = channel.requester<number, number>();
    const repliers = [channel.replier<number, number>(), channel.replier<number, number>()];
    requester.send(1);
    requester.send(2);
    for (const replier of repliers) replier.tryRecv();
    repliers[1].send(20);
    repliers[0].send(10);
    assert.equal(requester.recvSync({ timeoutMs: 30_000 }), 10);
    assert.equal(requester.recvSync({ timeoutMs: 30_000 }), 20);
  });

  testOn(transport, "send and recv out of turn are rejected", async (open) => {
    const channel = open();
    const requester = channel.requester<string, string>();
    const replier = channel.replier<string, string>();
    assert.throws(() => replier.send("why"), /no request was received; call recv\(\) first/);
    assert.throws(() => requester.recvSync({ timeoutMs: 1 }), /no request was sent; call send/);
    await assert.rejects(requester.recv(), TypeError);
    requester.send("a");
    requester.send("b");
    assert.equal(replier.tryRecv(), "a");
    assert.throws(() => replier.tryRecv(), /has no reply yet; call send\(\) first/);
    assert.throws(() => replier.recvSync(), TypeError);
    await assert.rejects(replier.recv(), TypeError);
    await assert.rejects(replier.serve(() => "x"), TypeError);
    replier.send("A");
    assert.throws(() => replier.send("again"), TypeError);
    assert.equal(requester.recvSync({ timeoutMs: 30_000 }), "A");
  });

  testOn(transport, "only one recv of a replier waits at a time", async (open) => {
    const channel = open();
    const requester = channel.requester<number, number>();
    const replier = channel.replier<number, number>();
    const first = replier.recv({ timeoutMs: 30_000 });
    await assert.rejects(replier.recv({ timeoutMs: 30_000 }), TypeError);
    requester.send(1);
    assert.equal(await first, 1);
    replier.send(10);
    assert.equal(requester.recvSync({ timeoutMs: 30_000 }), 10);
  });

  testOn(transport, "a reply that cannot be encoded can be replaced", (open) => {
    const channel = open();
    const requester = channel.requester<string, unknown>();
    const replier = channel.replier<string, unknown>();
    requester.send("x");
    replier.tryRecv();
    assert.throws(() => replier.send(() => 1), ShmSerializationError);
    assert.equal(replier.send("better"), true);
    assert.equal(requester.recvSync({ timeoutMs: 30_000 }), "better");
  });

  testOn(transport, "a reply after the requester gave up is not delivered", async (open) => {
    const channel = open();
    const requester = channel.requester<string, string>();
    const replier = channel.replier<string, string>();
    const given = requester.request("slow", { timeoutMs: 5 });
    assert.equal(replier.tryRecv(), "slow");
    await assert.rejects(given, ShmTimeoutError);
    assert.equal(replier.send("too late"), false);
    const next = requester.request("quick", { timeoutMs: 30_000 });
    assert.equal(replier.tryRecv(), "quick");
    assert.equal(replier.send("in time"), true);
    assert.equal(await next, "in time");
  });

  testOn(transport, "a cancelled request reaches no replier", async (open) => {
    const channel = open();
    const requester = channel.requester<string, string>();
    await assert.rejects(requester.request("gone", { timeoutMs: 2 }), ShmTimeoutError);
    assert.throws(() => requester.requestSync("gone too", { timeoutMs: 2 }), ShmTimeoutError);
    await assert.rejects(requester.request("aborted", { signal: AbortSignal.timeout(2) }));
    assert.equal(channel.replier().tryRecv(), undefined);
  });

  testOn(transport, "timeouts and aborts free the slots of their requests", async (open) => {
    const channel = open();
    const requester = channel.requester<number, number>();
    for (let round = 0; round < 3; round++) {
      const given = numbers(250).map((n) => requester.request(n, { timeoutMs: 3 }));
      for (const result of await Promise.allSettled(given)) {
        assert.equal(result.status, "rejected");
      }
    }
    for (let n = 0; n < 300; n++) {
      assert.throws(() => requester.requestSync(n, { timeoutMs: 0 }), ShmTimeoutError);
    }
    const aborted = numbers(300).map((n) =>
      requester.request(n, { signal: AbortSignal.timeout(3) })
    );
    await Promise.allSettled(aborted);
    const served = serve(channel.replier<number, number>(), (n) => n);
    assert.equal(await requester.request(7, { timeoutMs: 30_000 }), 7);
    await served.stop();
  });

  testOn(
    transport,
    "requests that are cancelled while they are handled free their slots",
    async (open) => {
      const channel = open();
      const served = serve(channel.replier<number, number>(), async (n) => {
        await sleep(1);
        return n;
      }, { concurrency: 50 });
      const requester = channel.requester<number, number>();
      for (let round = 0; round < 20; round++) {
        const mixed = numbers(30).map((n) => requester.request(n, { timeoutMs: n % 3 }));
        await Promise.allSettled(mixed);
      }
      const replies = numbers(256).map((n) => requester.request(n, { timeoutMs: 30_000 }));
      assert.deepEqual(await Promise.all(replies), numbers(256));
      await served.stop();
    },
  );

  testOn(transport, "256 requests of one requester are in flight, and no more", (open) => {
    const channel = open();
    const requester = channel.requester<number, number>();
    let sent = 0;
    while (requester.send(sent)) sent++;
    assert.equal(sent, 256);
    assert.equal(requester.statistics().dropped, 1);
    const replier = channel.replier<number, number>();
    assert.equal(replier.tryRecv(), 0);
    replier.send(100);
    assert.equal(requester.recvSync({ timeoutMs: 30_000 }), 100);
    assert.equal(requester.send(256), true);
  });

  testOn(transport, "a replier that closes fails the request that it took", async (open) => {
    const channel = open();
    const requester = channel.requester<string, string>();
    await assertPrompt(async () => {
      const replier = channel.replier<string, string>();
      const reply = requester.request("taken", { timeoutMs: 30_000 });
      assert.equal(replier.tryRecv(), "taken");
      const start = performance.now();
      replier.close();
      await assert.rejects(reply, ShmPeerLostError);
      return performance.now() - start;
    });
  });

  testOn(transport, "a replier that closes while it serves fails its requests", async (open) => {
    const channel = open();
    const requester = channel.requester<number, number>();
    await assertPrompt(async () => {
      const replier = channel.replier<number, number>();
      const taken = numbers(3).map(() => Promise.withResolvers<void>());
      const mayReply = Promise.withResolvers<void>();
      const done = replier.serve(async (n) => {
        taken[n].resolve();
        await mayReply.promise;
        return n;
      }, { concurrency: 3 });
      const replies = numbers(3).map((n) => requester.request(n, { timeoutMs: 30_000 }));
      await Promise.all(taken.map(({ promise }) => promise));
      const start = performance.now();
      replier.close();
      await Promise.all(replies.map((reply) => assert.rejects(reply, ShmPeerLostError)));
      const tookMs = performance.now() - start;
      mayReply.resolve();
      await done;
      return tookMs;
    });
  });

  testOn(
    transport,
    "requests that a closing replier has not taken go to the others",
    async (open) => {
      const channel = open();
      const requester = channel.requester<number, number>();
      const leaver = channel.replier<number, number>();
      const replies = numbers(20).map((n) => requester.request(n, { timeoutMs: 30_000 }));
      for (let i = 0; i < 5; i++) leaver.send(leaver.tryRecv()! + 100);
      leaver.close();
      const served = serve(channel.replier<number, number>(), (n) => n + 200);
      const expected = numbers(20).map((n) => n + (n < 5 ? 100 : 200));
      assert.deepEqual(await Promise.all(replies), expected);
      await served.stop();
    },
  );

  testOn(transport, "the requests of a requester that closes are not handled", async (open) => {
    const channel = open();
    const replier = channel.replier<string, string>();
    const leaver = channel.requester<string, string>();
    leaver.send("taken");
    assert.equal(replier.tryRecv(), "taken");
    leaver.send("queued");
    leaver.close();
    const requester = channel.requester<string, string>();
    const reply = requester.request("mine", { timeoutMs: 30_000 });
    assert.equal(replier.send("for no requester"), false);
    assert.equal(replier.tryRecv(), "mine");
    assert.equal(replier.send("yours"), true);
    assert.equal(await reply, "yours");
  });

  testOn(transport, "requestSync receives a reply that is there in time", async (open) => {
    const channel = open();
    const requester = channel.requester<string, string>();
    const replier = channel.replier<string, string>();
    const early = requester.request("early", { timeoutMs: 30_000 });
    assert.equal(replier.tryRecv(), "early");
    replier.send("bird");
    assert.throws(() => requester.requestSync("x", { timeoutMs: 1 }), ShmTimeoutError);
    assert.equal(await early, "bird");
  });
}
