/**
 * Who comes and goes on a local channel. No kernel knows of it: the table of participants is in the memory of
 * this process, and is read at short intervals.
 *
 * @module
 */

import { sleep } from "../base/sleep.ts";
import { MemorySource } from "../segment/byte_source.ts";
import { parseConfig } from "../segment/format.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import type { ParticipantEvent } from "./channel_events.ts";
import { SegmentWatch } from "./segment_watch.ts";
import { HEADER_STATUS, STATUS_CLOSED } from "../../wasm/layout.ts";

/** Milliseconds between two looks at the table. */
const LOOK_MS = 20;

/** A worker that was terminated stays in the table: nothing tells the channel of its end. */
const isAlive = () => true;

/** Reports who is there, and then each change, until the signal aborts or the channel is closed. */
export async function* watchLocal(
  handle: LocalHandle,
  signal: AbortSignal,
): AsyncGenerator<ParticipantEvent, void, void> {
  let watch: SegmentWatch | undefined;
  while (!signal.aborted) {
    const isClosed = isLocalClosed(handle);
    watch ??= open(handle);
    const events = watch === undefined ? [] : isClosed ? watch.end().events : watch.look();
    for (const event of events) {
      yield event;
      if (signal.aborted) return;
    }
    if (isClosed) return;
    await sleep(LOOK_MS, signal);
  }
}

/** Undefined while no socket has been opened on the channel. */
function open({ name, memory }: LocalHandle): SegmentWatch | undefined {
  const source = localSource(memory);
  return "problem" in parseConfig(source) ? undefined : new SegmentWatch(name, source, isAlive);
}

/** The memory of a local channel, which may grow behind its tables. */
export function localSource(memory: WebAssembly.Memory): MemorySource {
  return new MemorySource(memory, memory.buffer.byteLength);
}

/** True once the channel was closed for all. */
export function isLocalClosed({ memory }: LocalHandle): boolean {
  const words = new Int32Array(memory.buffer);
  return Atomics.load(words, HEADER_STATUS >>> 2) === STATUS_CLOSED;
}
