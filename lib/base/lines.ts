/**
 * Text streams line by line.
 *
 * @module
 */

import { isTurnDue, takeTurn } from "./turn.ts";

/** Options of `linesOf`. */
export interface LineOptions {
  /** Ends the stream, without an error. */
  readonly signal?: AbortSignal;
  /** True to drop a last line without a line end: what a program that was killed has half written. */
  readonly completeOnly?: boolean;
}

/** The lines of a stream of UTF-8, without their line ends. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  { signal, completeOnly = false }: LineOptions = {},
): AsyncGenerator<string> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  const stop = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  let rest = "";
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      const lines = (rest + value).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (isTurnDue()) await takeTurn();
        if (signal?.aborted) return;
        yield withoutReturn(line);
      }
    }
    if (rest !== "" && !completeOnly && !signal?.aborted) yield withoutReturn(rest);
  } finally {
    signal?.removeEventListener("abort", stop);
    await reader.cancel();
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
