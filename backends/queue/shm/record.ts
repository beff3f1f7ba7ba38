/**
 * The records of a queue's journal: a line of JSON each.
 *
 * @module
 */

import { parsePlainJson } from "../../../lib/base/plain_json.ts";
import { ShmCorruptionError } from "../../../lib/base/errors.ts";
import type { EngineConfig } from "../config.ts";
import type { SpacePart } from "../memory/contents.ts";
import { type CallOf, type OperationName, OPERATIONS } from "./operations.ts";

/** Name of the format of the records. Another version of them, or of the engine, needs another name. */
export const FORMAT = "ringbus.queue.1";

/** In place of the name of an operation: a part of a snapshot. */
const PART = "part";

/** A decoded record: an operation, or a part of a snapshot. */
export type QueueRecordLine =
  | { readonly name: OperationName; readonly config: EngineConfig; readonly call: unknown }
  | { readonly name: typeof PART; readonly part: SpacePart };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Encodes an operation. */
export function operationRecord<N extends OperationName>(
  name: N,
  call: CallOf<N>,
  { leaseMs, maxAttempts, maxItems, whenFull }: EngineConfig,
): Uint8Array<ArrayBuffer> {
  return encode([name, call, leaseMs, maxAttempts, maxItems, whenFull]);
}

/** Encodes a part of a snapshot. */
export function partRecord(part: SpacePart): Uint8Array<ArrayBuffer> {
  return encode([PART, part]);
}

function encode(fields: readonly unknown[]): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(fields));
}

/**
 * Decodes a record.
 *
 * @throws {ShmCorruptionError} if it is none
 */
export function decodeRecord(bytes: Uint8Array<ArrayBuffer>): QueueRecordLine {
  try {
    const [name, first, ...rest] = parsePlainJson(decoder.decode(bytes)) as [string, ...unknown[]];
    if (name === PART) return { name, part: first as SpacePart };
    const [leaseMs, maxAttempts, maxItems, whenFull] = rest;
    const config = { leaseMs, maxAttempts, maxItems, whenFull } as EngineConfig;
    if (Object.hasOwn(OPERATIONS, name)) {
      return { name: name as OperationName, call: first, config };
    }
  } catch {
    // Reported below.
  }
  throw damage(bytes);
}

/** The error of a record that no queue has written. */
export function damage(bytes: Uint8Array, cause?: unknown): ShmCorruptionError {
  return new ShmCorruptionError(
    `a record of ${bytes.length} bytes in a journal of a queue is not an operation: a process has ` +
      "overwritten it; close all queues and delete the journal with removeStale()",
    { cause },
  );
}
