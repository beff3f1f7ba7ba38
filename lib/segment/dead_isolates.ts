/**
 * Removing the FIFOs of dead isolates. A FIFO without its lock shows that its isolate has ended. Where
 * the isolate's thread cannot be seen, as from another container, nothing else shows it: there the FIFO
 * stays as long as a segment has an entry of the isolate.
 *
 * @module
 */

import { channelNames, codeOf } from "../platform/directory.ts";
import { platform } from "../platform/mod.ts";
import { isIsolateAlive, removeDeadIsolate } from "../presence/isolate.ts";
import { hasThreadEnded, isIsolateId } from "../presence/isolate_id.ts";
import { type ByteSource, FileSource } from "./byte_source.ts";
import { parseConfig } from "./format.ts";
import { PARTICIPANT } from "./structures.ts";
import { geometryOf, participantOffset } from "./tables.ts";
import { MAX_PARTICIPANTS } from "../../wasm/layout.ts";

/** Removes the FIFO of a dead isolate, unless processes need it that look at an entry of the isolate. */
export function removeForgottenIsolate(directory: string, isolate: bigint): void {
  const isKept = !hasThreadEnded(isolate) &&
    channelNames(directory).some((name) => mayReferTo(`${directory}/${name}`, isolate));
  if (!isKept) removeDeadIsolate(directory, isolate);
}

/** Removes the FIFOs of the dead isolates that have entries in a deleted segment. */
export function removeForgottenParticipants(
  directory: string,
  deleted: ByteSource,
  own: bigint,
): void {
  for (const isolate of isolatesIn(deleted) ?? []) {
    if (isolate !== own && isIsolateId(isolate) && !isIsolateAlive(directory, isolate)) {
      removeForgottenIsolate(directory, isolate);
    }
  }
}

/** The isolates that have entries in a segment; undefined if it is none, or damaged. */
function isolatesIn(source: ByteSource): Set<bigint> | undefined {
  const config = parseConfig(source);
  if ("problem" in config) return undefined;
  const { isolate } = PARTICIPANT.fields;
  const offset = participantOffset(geometryOf(config.capacity), 0);
  const bytes = source.read(offset, MAX_PARTICIPANTS * PARTICIPANT.bytes);
  const view = new DataView(bytes.buffer);
  const isolates = new Set<bigint>();
  for (let at = 0; at + PARTICIPANT.bytes <= bytes.length; at += PARTICIPANT.bytes) {
    isolates.add(isolate.read(view, at));
  }
  isolates.delete(0n);
  return isolates;
}

/** True also if that cannot be determined. */
function mayReferTo(path: string, isolate: bigint): boolean {
  const os = platform();
  let fd: number;
  try {
    fd = os.open(path);
  } catch (error) {
    return !UNRELATED.has(codeOf(error));
  }
  try {
    return isolatesIn(new FileSource(fd))?.has(isolate) ?? false;
  } catch {
    return true;
  } finally {
    os.close(fd);
  }
}

/** Errors of opening what is no segment of this user, or is there no more. */
const UNRELATED: ReadonlySet<string> = new Set(["ENOENT", "ELOOP", "EACCES", "EISDIR"]);
