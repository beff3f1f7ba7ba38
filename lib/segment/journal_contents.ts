/**
 * Whether the journal of ended processes holds data. It is read without its members, which alone know what
 * the records mean: two words of the newest generation say until when the records hold data, and after
 * which record there was none. What cannot be read holds data.
 *
 * @module
 */

import { fnv1a } from "../base/hash.ts";
import { filesIn, JOURNAL_PREFIX, removeIfExists } from "../platform/directory.ts";
import { platform } from "../platform/mod.ts";
import { type ByteSource, FileSource } from "./byte_source.ts";
import { valueOfChecked } from "./checksum.ts";
import * as layout from "./journal_layout.ts";

/** The root of a journal. */
interface Root {
  readonly identity: bigint;
  readonly newest: number;
  /** Milliseconds of the Unix epoch, by the journal's clock. */
  readonly nowMs: number;
}

/** Name of the file of a generation. */
export function generationName(journal: string, identity: bigint, id: number): string {
  return `${filePrefix(journal, identity)}${id.toString(16).padStart(8, "0")}`;
}

function filePrefix(journal: string, identity: bigint): string {
  const digits = BigInt.asUintN(64, identity).toString(16).padStart(16, "0");
  return `${JOURNAL_PREFIX}${journal}-${digits}-`;
}

/** True if a journal without members is known to hold no data, or only such as has expired. */
export function isJournalEmpty(directory: string, journal: string, source: ByteSource): boolean {
  const root = readRoot(source);
  if (root === undefined) return false;
  const ids = generationsOf(directory, journal, root.identity);
  // Without a newest generation, the root was overwritten, or its creator died before it had stored anything.
  if (root.newest === 0) return ids.length === 0;
  // A later generation may have been in use already, though the root does not name it yet.
  if (ids.some((id) => id > root.newest)) return false;
  return isGenerationEmpty(directory, generationName(journal, root.identity, root.newest), root);
}

function readRoot(source: ByteSource): Root | undefined {
  const bytes = source.read(layout.ROOT_IDENTITY, ROOT_BYTES);
  if (bytes.length < ROOT_BYTES) return undefined;
  const view = new DataView(bytes.buffer);
  const at = (offset: number) => offset - layout.ROOT_IDENTITY;
  const isOfThisBoot = view.getInt32(at(layout.ROOT_BOOT), true) === bootHash();
  const startMs = view.getFloat64(at(layout.ROOT_CLOCK), true);
  return {
    identity: view.getBigInt64(at(layout.ROOT_IDENTITY), true),
    newest: view.getUint32(at(layout.ROOT_NEWEST), true),
    nowMs: isOfThisBoot ? startMs + platform().uptimeMs() : Date.now(),
  };
}

const ROOT_BYTES = layout.ROOT_BOOT + 4 - layout.ROOT_IDENTITY;

/** The id in the name of the spare file, which no generation reaches. */
export const SPARE_ID = 0xffffffff;

function generationsOf(directory: string, journal: string, identity: bigint): number[] {
  return generationFiles(directory, journal, identity)
    .map((name) => parseInt(name.slice(-8), 16))
    .filter((id) => id !== SPARE_ID);
}

function generationFiles(directory: string, journal: string, identity: bigint): string[] {
  const prefix = filePrefix(journal, identity);
  return filesIn(directory).filter((name) =>
    name.startsWith(prefix) && name.length === prefix.length + 8
  );
}

function isGenerationEmpty(directory: string, name: string, { nowMs, newest }: Root): boolean {
  const os = platform();
  let fd: number;
  try {
    fd = os.open(`${directory}/${name}`);
  } catch {
    return false;
  }
  try {
    const source = new FileSource(fd);
    const header = source.read(0, layout.FIRST_RECORD);
    if (header.length < layout.FIRST_RECORD) return false;
    const view = new DataView(header.buffer);
    return isHeaderOf(view, newest) && (isOver(view, nowMs) || isEmptyAtEnd(view, source));
  } finally {
    os.close(fd);
  }
}

function isHeaderOf(view: DataView, id: number): boolean {
  const word = (offset: number) => view.getUint32(offset, true);
  return word(layout.GENERATION_MAGIC) === layout.MAGIC_LOW &&
    word(layout.GENERATION_MAGIC + 4) === layout.MAGIC_HIGH &&
    word(layout.GENERATION_VERSION) === layout.VERSION &&
    word(layout.GENERATION_ID) === id;
}

/** True if the time has passed until which the records hold data. */
function isOver(view: DataView, nowMs: number): boolean {
  const heldUntil = valueOfChecked(view.getBigUint64(layout.GENERATION_HELD_UNTIL, true));
  if (heldUntil === undefined || heldUntil === layout.HELD_FOR_EVER) return false;
  return heldUntil * 1000 < nowMs;
}

/** True if the last record is one after which the state was empty. */
function isEmptyAtEnd(view: DataView, source: ByteSource): boolean {
  const offset = valueOfChecked(view.getBigUint64(layout.GENERATION_EMPTY_AFTER, true));
  if (offset === undefined || offset < layout.FIRST_RECORD || (offset & 7) !== 0) return false;
  const bytes = source.read(offset, layout.RECORD_BYTES);
  if (bytes.length < layout.RECORD_BYTES) return false;
  const words = new Int32Array(bytes.buffer);
  return words[layout.RECORD_NEXT >>> 2] === 0 &&
    words[layout.RECORD_CHECKSUM >>> 2] === layout.recordCheck(words, offset, 0);
}

/** Deletes the generations of a journal whose root was deleted. */
export function removeGenerations(directory: string, journal: string, root: ByteSource): void {
  const view = new DataView(root.read(layout.ROOT_IDENTITY, 8).buffer);
  for (const name of generationFiles(directory, journal, view.getBigInt64(0, true))) {
    removeIfExists(`${directory}/${name}`);
  }
}

let cachedBootHash: number | undefined;

/** A number for this start of the machine, never 0. */
export function bootHash(): number {
  return cachedBootHash ??= (fnv1a(new TextEncoder().encode(platform().bootId())) | 0) || 1;
}
