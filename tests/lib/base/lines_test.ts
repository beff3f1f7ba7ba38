import assert from "node:assert/strict";
import { type LineOptions, linesOf } from "../../../lib/base/lines.ts";

const encoder = new TextEncoder();

function streamOf(...chunks: (string | Uint8Array<ArrayBuffer>)[]) {
  return ReadableStream.from(
    chunks.map((chunk) => typeof chunk === "string" ? encoder.encode(chunk) : chunk),
  );
}

async function read(options: LineOptions | undefined, ...chunks: Parameters<typeof streamOf>) {
  return await Array.fromAsync(linesOf(streamOf(...chunks), options));
}

Deno.test("lines are split wherever the chunks are", async () => {
  assert.deepEqual(await read({}, "a\nb", "c\n", "\n", "d\r", "\ne\n"), ["a", "bc", "", "d", "e"]);
  assert.deepEqual(await read({}), []);
});

Deno.test("a character that two chunks share stays whole", async () => {
  const bytes = encoder.encode("é\n");
  assert.deepEqual(await read({}, bytes.slice(0, 1), bytes.slice(1)), ["é"]);
});

Deno.test("a last line without a line end is kept, or dropped if only complete lines count", async () => {
  assert.deepEqual(await read({}, "a\n", '{"half'), ["a", '{"half']);
  assert.deepEqual(await read({ completeOnly: true }, "a\n", '{"half'), ["a"]);
});

Deno.test("an aborted signal ends the lines, and cancels the stream", async () => {
  const stop = new AbortController();
  let isCancelled = false;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(encoder.encode("a\nb")),
    cancel: () => void (isCancelled = true),
  });
  const lines: string[] = [];
  for await (const line of linesOf(endless, { signal: stop.signal })) {
    lines.push(line);
    stop.abort();
  }
  assert.deepEqual([lines, isCancelled], [["a"], true]);
  assert.deepEqual(await read({ signal: stop.signal }, "a\n"), []);
});

Deno.test("a reader that leaves the loop cancels the stream", async () => {
  let isCancelled = false;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(encoder.encode("a\nb\n")),
    cancel: () => void (isCancelled = true),
  });
  for await (const line of linesOf(endless)) if (line === "a") break;
  assert.ok(isCancelled);
});
