/**
 * Removing the FIFOs of dead isolates. A FIFO without its lock shows that its isolate has ended. Where
 * the isolate's thread cannot be seen, as from another container, nothing else shows it: there the FIFO
 * stays as long as a segment has an entry of the isolate.
 *
 * @module
 */

import { channelNames, codeOf } from "../platform/directory.ts";
import { platform } from "../platform/mod.ts";
import { removeDeadIsolate } from "../presence/isolate.ts";
import { hasThreadEnded } from "../presence/isolate_id.ts";
import { FileSource } from "./byte_source.ts";
import { parseConfig } from "./format.ts";
import { geometryOf, readParticipants } from "./tables.ts";

/** Removes the FIFO of a dead isolate, unless processes need it that look at an entry of the isolate. */
export function removeForgottenIsolate(directory: string, isolate: bigint): void {
  const isKept = !hasThreadEnded(isolate) &&
    channelNames(directory).some((name) => mayReferTo(`${directory}/${name}`, isolate));
  if (!isKept) removeDeadIsolate(directory, isolate);
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
    const source = new FileSource(fd);
    const config = parseConfig(source);
    if ("problem" in config) return false;
    return readParticipants(source, geometryOf(config.capacity))
      .some((participant) => participant.isolate === isolate);
  } catch {
    return true;
  } finally {
    os.close(fd);
  }
}

/** Errors of opening what is no segment of this user, or is there no more. */
const UNRELATED: ReadonlySet<string> = new Set(["ENOENT", "ELOOP", "EACCES", "EISDIR"]);
