// Unknown options, options of the wrong type, and arguments too many, on every call of every socket.

import assert from "node:assert/strict";
import type { Socket } from "../../../mod.ts";
import { type TestChannel, testOn, type TestTransport } from "./channel.ts";

type Call = (...args: unknown[]) => unknown;
type Calls = Record<string, Call>;

/** The calls of a socket that take options as their last argument. */
interface Waiting {
  name: string;
  open(channel: TestChannel): Calls;
  /** Arguments before the options. */
  args: unknown[];
  calls: readonly string[];
}

const RECEIVING = ["recv", "recvSync"];
const SENDING = ["sendAsync", "sendSync"];

const WAITING: readonly Waiting[] = [
  waiting("subscriber", (channel) => channel.subscriber(), [], RECEIVING),
  waiting("puller", (channel) => channel.puller(), [], RECEIVING),
  waiting("puller with ack", (channel) => channel.ackPuller(), [], RECEIVING),
  waiting(
    "puller of bytes",
    (channel) => channel.puller({ codec: "raw" }),
    [new Uint8Array(8)],
    ["recvIntoSync"],
  ),
  waiting("pusher", (channel) => channel.pusher(), ["x"], SENDING),
  waiting("publisher", (channel) => channel.publisher(), ["x"], SENDING),
  waiting("requester", (channel) => channel.requester(), ["x"], ["request", "requestSync"]),
  waiting("requester's second step", (channel) => channel.requester(), [], RECEIVING),
  waiting("replier", (channel) => channel.replier(), [], RECEIVING),
];

function waiting(
  name: string,
  open: (channel: TestChannel) => Socket,
  args: unknown[],
  calls: readonly string[],
): Waiting {
  return { name, open: (channel) => open(channel) as unknown as Calls, args, calls };
}

export function testOptions(transport: TestTransport): void {
  for (const { name, open, args, calls } of WAITING) {
    testOn(transport, `a ${name} rejects options that it does not have`, async (openChannel) => {
      const socket = open(openChannel());
      for (const call of calls) {
        const rejected: [unknown, RegExp][] = [
          [{ timeout: 50 }, /"timeout" \(given: 50\); did you mean timeoutMs, in milliseconds\?$/],
          [{ timeout_ms: 50 }, /did you mean timeoutMs, in milliseconds\?$/],
          [{ timeoutMs: 50, retries: 3 }, /"retries" \(given: 3\); its options are timeoutMs/],
          [50, /takes its options as an object, not 50: write \{ timeoutMs: 50 \}$/],
          [null, /takes its options as an object, not null: its options are timeoutMs/],
          ["50ms", /takes its options as an object, not "50ms"/],
          [new Map([["timeoutMs", 50]]), /takes its options as an object, not Map/],
          [AbortSignal.timeout(50), /takes its options as an object, not AbortSignal/],
        ];
        if (call.endsWith("Sync")) rejected.push([{ signal: AbortSignal.abort() }, /"signal"/]);
        else rejected.push([{ signal: "stop" }, /^signal must be an AbortSignal, not "stop"$/]);
        for (const [options, message] of rejected) {
          const attempt = async () => await socket[call](...args, options);
          await assert.rejects(attempt, { name: "TypeError", message });
        }
        for (const timeoutMs of ["50", NaN, -1, Infinity, null]) {
          await assert.rejects(async () => await socket[call](...args, { timeoutMs }), {
            name: "RangeError",
            message: /^timeoutMs must be a finite number of milliseconds, at least 0, not /,
          });
        }
      }
    });
  }

  testOn(
    transport,
    "asynchronous calls reject invalid options, and do not throw",
    async (open) => {
      const channel = open();
      const [puller, pusher] = [channel.puller(), channel.pusher()];
      const wrong = { timeout: 5 } as object;
      const calls = [puller.recv(wrong), pusher.sendAsync(1, wrong)];
      await Promise.all(calls.map((call) => assert.rejects(call, TypeError)));
      assert.equal(puller.tryRecv(), undefined);
    },
  );

  testOn(transport, "all calls reject an argument too many", async (open) => {
    const queue = open();
    const requests = open();
    const target = new Uint8Array(8);
    const sockets: [string, Calls, Record<string, unknown[]>][] = [
      ["pusher", queue.pusher() as unknown as Calls, { send: [1], sendMany: [[1]], loan: [8] }],
      ["publisher", open().publisher() as unknown as Calls, {
        send: [1, {}],
        sendSync: [1, {}],
        sendAsync: [1, {}],
        sendMany: [[1], {}],
        loan: [8, {}],
      }],
      ["publisher of bytes", open().publisher({ codec: "raw" }) as unknown as Calls, {
        sendMany: [new Uint8Array(1), [1], {}],
      }],
      ["puller", queue.puller() as unknown as Calls, {
        tryRecv: [],
        recvView: [],
        tryRecvInto: [target],
        drain: [1],
        readMany: [() => {}, {}],
        recvSync: [{ timeoutMs: 0 }],
        recvIntoSync: [target, { timeoutMs: 0 }],
        recv: [{ timeoutMs: 0 }],
      }],
      ["requester", requests.requester() as unknown as Calls, {
        send: [1],
        request: [1, { timeoutMs: 0 }],
        requestSync: [1, { timeoutMs: 0 }],
        stream: [1, { timeoutMs: 0 }],
        recv: [{ timeoutMs: 0 }],
        recvSync: [{ timeoutMs: 0 }],
      }],
      ["replier", requests.replier() as unknown as Calls, {
        tryRecv: [],
        send: [1],
        recv: [{ timeoutMs: 0 }],
        recvSync: [{ timeoutMs: 0 }],
        serve: [() => {}, {}],
        serveStream: [() => [], {}],
      }],
    ];
    Object.assign(sockets[0][2], { sendSync: [1, { timeoutMs: 0 }], sendAsync: [1, {}] });
    const loan = open().pusher({ codec: "raw" }).loan(8) as unknown as Calls;
    const jobs = open();
    jobs.pusher().send(1);
    const delivery = jobs.ackPuller().tryRecv() as unknown as Calls;
    sockets.push(["loan", loan, { commit: [] }], ["delivery", delivery, { ack: [], nack: [{}] }]);
    for (const [name, socket, calls] of sockets) {
      for (const [call, args] of Object.entries(calls)) {
        // Some calls throw, the others reject.
        await assert.rejects(async () => await socket[call](...args, { timeoutMs: 5 }), {
          name: "TypeError",
          message: new RegExp(
            `^${call}\\(\\) does not take the further argument \\{ timeoutMs \\}`,
          ),
        }, name);
      }
    }
    (queue.pusher() as unknown as Calls)["send"](1, undefined);
    assert.deepEqual(queue.puller().drain(), [1]);
  });

  testOn(
    transport,
    "serve rejects unknown options and a handler that is no function",
    async (open) => {
      const replier = open().replier();
      const serve = replier.serve.bind(replier) as unknown as (...args: unknown[]) => Promise<void>;
      const rejected: [unknown[], RegExp][] = [
        [[() => 1, { concurency: 2 }], /did you mean concurrency\?$/],
        [[() => 1, 4], /write \{ concurrency: 4 \}$/],
        [[() => 1, { signal: 1 }], /^signal must be an AbortSignal/],
        [[{ signal: AbortSignal.abort() }], /^handler must be a function/],
      ];
      for (const [args, message] of rejected) {
        await assert.rejects(serve(...args), { name: "TypeError", message });
      }
      for (const concurrency of ["2", 0, NaN]) {
        await assert.rejects(serve(() => 1, { concurrency }), /^RangeError: concurrency must be /);
      }
    },
  );

  testOn(transport, "each class of sockets rejects options that it does not have", (open) => {
    const channel = open();
    const wrong = (options: unknown) => options as Record<string, never>;
    const classes = {
      Publisher: (options: unknown) => channel.publisher(wrong(options)),
      Subscriber: (options: unknown) => channel.subscriber(wrong(options)),
      Pusher: (options: unknown) => channel.pusher(wrong(options)),
      Puller: (options: unknown) => channel.puller(wrong(options)),
      Requester: (options: unknown) => channel.requester(wrong(options)),
      Replier: (options: unknown) => channel.replier(wrong(options)),
    };
    for (const [name, make] of Object.entries(classes)) {
      const rejected: [unknown, RegExp][] = [
        [{ capacity: 4096 }, /"capacity" \(given: 4096\); did you mean capacityBytes, in bytes\?$/],
        [{ presist: true }, /did you mean persist\?$/],
        [{ timeoutMs: 5 }, /"timeoutMs" \(given: 5\); pass it to the call that waits$/],
        [{ retries: 5 }, /its options are capacityBytes, codec, dir, persist, instrumentation/],
        [{ persist: "yes" }, /^persist must be true or false, not "yes"$/],
        [{ instrumentation: {} }, /^instrumentation must be an object with begin\(\)/],
      ];
      for (const [options, message] of rejected) {
        assert.throws(() => make(options), { name: "TypeError", message }, name);
      }
    }
    assert.throws(() => channel.puller(wrong({ ackk: true })), /did you mean ack\?$/);
    assert.throws(
      () => channel.subscriber(wrong({ ack: true })),
      /no option "ack" .*; only pullers acknowledge$/,
    );
  });
}
