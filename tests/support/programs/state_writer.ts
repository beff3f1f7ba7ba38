/**
 * A process that appends to a thread of a shared state, for ever or so many slots. Its arguments are the
 * configuration as JSON, with the key in base64, the thread, its own number, how many slots (0: until it
 * is killed), and how many bytes each has. It says when it has begun, and in the end which indices its
 * slots got.
 *
 * @module
 */

import {
  getSharedBackend,
  resetSharedBackend,
  type SharedBackend,
} from "../../../backends/state/mod.ts";
import { writtenSlot } from "../written_slots.ts";

/** Calls at a time; a backend with several connections keeps no order among them. */
const IN_FLIGHT = 500;

const [json, threadId, writer, count, size] = Deno.args;
const { managerAuthkey, ...config } = JSON.parse(json);
const backend = await getSharedBackend({
  ...config,
  ...managerAuthkey && { managerAuthkey: Uint8Array.fromBase64(managerAuthkey) },
});
const inFlight = config.backendType === "redis" ? 1 : IN_FLIGHT;
const indices = new Uint32Array(Number(count));

async function append(backend: SharedBackend): Promise<void> {
  for (let n = 0; count === "0" || n < indices.length; n += inFlight) {
    const numbers = Array.from({ length: inFlight }, (_, i) => n + i);
    const appended = await Promise.all(
      numbers.map((number) =>
        backend.bufferAppend(threadId, writtenSlot(Number(writer), number, Number(size)))
      ),
    );
    if (n === 0) console.log("begun");
    if (count !== "0") indices.set(appended, n);
  }
}

await append(backend);
console.log(`indices ${new Uint8Array(indices.buffer).toBase64()}`);
await resetSharedBackend();
