/**
 * One of many publishers or subscribers of one channel. Arguments: ROLE FOLDER PUBLISHERS MESSAGES.
 * A subscriber is done when received and missed messages add up to all, or no more messages arrive.
 */
import { Publisher, ShmTimeoutError, Subscriber } from "../../mod.ts";
import { exitWithHarness } from "./clock.ts";
import { say, waitForGo } from "./shared/control.js";

const NAME = "many";
const MESSAGE_BYTES = 64;
/** After this time without a message no more will arrive. */
const SILENCE_MS = 10_000;

const [role, dir, publishers, messages] = Deno.args;

function publish(): void {
  using publisher = new Publisher<Uint8Array>(NAME, { dir, codec: "raw" });
  const message = new Uint8Array(MESSAGE_BYTES);
  say({ event: "ready" });
  waitForGo();
  for (let i = 0; i < Number(messages); i++) publisher.send(message);
}

/** False when none came. */
function receiveInto(subscriber: Subscriber<Uint8Array>, target: Uint8Array): boolean {
  try {
    subscriber.recvIntoSync(target, { timeoutMs: SILENCE_MS });
    return true;
  } catch (error) {
    if (error instanceof ShmTimeoutError) return false;
    throw error;
  }
}

function subscribe(): void {
  using subscriber = new Subscriber<Uint8Array>(NAME, { dir, codec: "raw" });
  const target = new Uint8Array(MESSAGE_BYTES);
  const expected = Number(publishers) * Number(messages);
  say({ event: "ready" });
  let received = 0;
  let missed = 0;
  while (received + missed < expected && receiveInto(subscriber, target)) {
    received++;
    missed = subscriber.statistics().missed;
  }
  say({ received, missed: subscriber.statistics().missed });
}

exitWithHarness();
if (role === "publish") publish();
else subscribe();
