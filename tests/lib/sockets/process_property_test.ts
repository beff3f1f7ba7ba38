import assert from "node:assert/strict";
import fc from "fast-check";
import { type ChannelOptions, Publisher, Pusher } from "../../../mod.ts";
import {
  type Digest,
  digest,
  makeMessage,
  MIN_BYTES,
  type ReceiveCall,
} from "../../support/programs/replay.ts";
import { sleep } from "../../support/deadline.ts";
import { assertProperty } from "../../support/property.ts";
import { inScratch } from "../../support/scratch.ts";
import { openSocket } from "../../support/peer.ts";

const RUNS = 60;
const TIMEOUT_MS = 20_000;

/** What the sender does: `sizes.length` messages in one way, then a delay. */
interface SendStep {
  how: "send" | "sendSync" | "sendAsync" | "sendMany" | "loan" | "aborted loan";
  sizes: number[];
  pausesMs: number;
}

interface Scenario {
  capacityBytes: number;
  sends: SendStep[];
  receives: ReceiveCall[];
}

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  capacityBytes: fc.integer({ min: 1024, max: 16 * 1024 }),
  sends: fc.array(
    fc.record({
      how: fc.constantFrom("send", "sendSync", "sendAsync", "sendMany", "loan", "aborted loan"),
      sizes: fc.array(
        fc.oneof(
          { weight: 8, arbitrary: fc.integer({ min: MIN_BYTES, max: 100 }) },
          { weight: 3, arbitrary: fc.integer({ min: MIN_BYTES, max: 1000 }) },
          { weight: 1, arbitrary: fc.integer({ min: MIN_BYTES, max: 20_000 }) },
        ),
        { minLength: 1, maxLength: 30 },
      ),
      pausesMs: fc.constantFrom(-1, -1, -1, 0, 1),
    }),
    { minLength: 1, maxLength: 30 },
  ),
  receives: fc.array(
    fc.constantFrom("tryRecv", "recvSync", "recv", "into", "intoSync", "drain", "view"),
    { minLength: 1, maxLength: 12 },
  ),
});

type Sender = Publisher<Uint8Array> | Pusher<Uint8Array>;

/** Sends until all is accepted; returns a model of what was sent. */
async function sendAll(sender: Sender, steps: SendStep[]): Promise<Digest[]> {
  const model: Digest[] = [];
  for (const { how, sizes, pausesMs } of steps) {
    const messages = sizes.map((size, i) => makeMessage(model.length + i, size));
    if (how === "aborted loan") sender.loan(sizes[0])?.abort();
    else if (how === "sendMany") await sendTogether(sender, messages);
    else for (const message of messages) await sendOne(sender, how, message);
    if (how !== "aborted loan") model.push(...messages.map(digest));
    if (pausesMs >= 0) await sleep(pausesMs);
  }
  const end = makeMessage(model.length, MIN_BYTES);
  sender.sendSync(end, { timeoutMs: TIMEOUT_MS });
  return [...model, digest(end)];
}

async function sendTogether(sender: Sender, messages: Uint8Array[]): Promise<void> {
  for (let sent = 0; sent < messages.length;) {
    sent += sender.sendMany(messages.slice(sent));
    if (sent < messages.length) await sendOne(sender, "sendAsync", messages[sent++]);
  }
}

async function sendOne(
  sender: Sender,
  how: SendStep["how"],
  message: Uint8Array,
): Promise<void> {
  if (how === "send" && sender.send(message)) return;
  if (how === "loan") {
    using loan = sender.loan(message.length);
    if (loan) {
      loan.bytes.set(message);
      loan.commit();
      return;
    }
  }
  if (how === "sendSync") sender.sendSync(message, { timeoutMs: TIMEOUT_MS });
  else await sender.sendAsync(message, { timeoutMs: TIMEOUT_MS });
}

Deno.test("messages that a process pushes in any way, another pulls in any way, whole and in order", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const puller = spawn();
    await assertProperty(
      fc.asyncProperty(scenarios, async ({ capacityBytes, sends, receives }) => {
        const options: ChannelOptions = { dir, codec: "raw", capacityBytes };
        using pusher = new Pusher<Uint8Array>("any", options);
        await puller.execute({ do: "open", id: "in", role: "puller", target: "any", options });
        try {
          const last = lastIndex(sends);
          const timeoutMs = TIMEOUT_MS;
          await puller.start({ do: "replay", id: "in", plan: receives, last, timeoutMs });
          const model = await sendAll(pusher, sends);
          assert.deepEqual(await puller.result(), model);
        } finally {
          await puller.execute({ do: "close" });
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  }));

Deno.test("messages that a process publishes in any way, another receives whole and in order, or counts as missed", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const subscriber = spawn();
    await assertProperty(
      fc.asyncProperty(scenarios, async ({ capacityBytes, sends, receives }) => {
        const options: ChannelOptions = { dir, codec: "raw", capacityBytes };
        using publisher = new Publisher<Uint8Array>("any", options);
        await openSocket(subscriber, "in", "subscriber", "any", options);
        try {
          const last = lastIndex(sends);
          const timeoutMs = TIMEOUT_MS;
          await subscriber.start({ do: "replay", id: "in", plan: receives, last, timeoutMs });
          const model = await sendAll(publisher, sends);
          const seen = await subscriber.result<Digest[]>();
          assert.deepEqual(seen, seen.map(([index]) => model[index]));
          seen.reduce((before, [index]) => {
            assert.ok(index > before, `message ${index} arrived after ${before}`);
            return index;
          }, -1);
          const { missed } = await subscriber.execute<{ missed: number }>({
            do: "statistics",
            id: "in",
          });
          assert.equal(missed, model.length - seen.length);
        } finally {
          await subscriber.execute({ do: "close" });
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  }));

function lastIndex(steps: SendStep[]): number {
  return steps.reduce(
    (sum, { how, sizes }) => sum + (how === "aborted loan" ? 0 : sizes.length),
    0,
  );
}
