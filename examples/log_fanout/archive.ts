// Writes all lines of all services to a file, as JSON, until none arrives for two seconds. If it is killed, the next
// archive writes the lines that it has not written. Some may come twice, and the last one that it wrote may be half:
//   deno run --allow-ffi --allow-write examples/log_fanout/archive.ts log.jsonl
import { type Delivery, Puller, ShmTimeoutError } from "@ringbus/ringbus";
import { ARCHIVE, CAPACITY_BYTES, type Line } from "./line.ts";

const [path] = Deno.args;
using lines = new Puller<Line>(ARCHIVE, { ack: true, capacityBytes: CAPACITY_BYTES });
await Deno.writeTextFile(path, "\n", { append: true }); // ends half a line of an archive that was killed
console.log("writing");

async function write(batch: Delivery<Line>[]): Promise<void> {
  const text = batch.map(({ value }) => `${JSON.stringify(value)}\n`).join("");
  await Deno.writeTextFile(path, text, { append: true });
  for (const line of batch) line.ack(); // the lines are in the file now
}

let count = 0;
try {
  for (let timeoutMs = 60_000;; timeoutMs = 2000) {
    const batch = [await lines.recv({ timeoutMs }), ...lines.drain()];
    await write(batch);
    count += batch.length;
  }
} catch (error) {
  if (!(error instanceof ShmTimeoutError)) throw error;
}
console.log(`wrote ${count} lines`);
