/**
 * The format of a segment: its kinds and roles, and its header, written and checked.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { PAGE_BYTES, roundUp } from "../base/pages.ts";
import { ShmCorruptionError } from "../base/errors.ts";
import { fnv1a } from "../base/hash.ts";
import { type Row, rowAt } from "../base/structure.ts";
import type { ByteSource } from "./byte_source.ts";
import { chosenCodecId, codecIdOf } from "./chosen_codec.ts";
import { instantiate, IS_WEAK } from "./ring.ts";
import { CONTROL, HEADER } from "./structures.ts";
import * as layout from "../../wasm/layout.ts";

/** What a channel does with a message. */
export type ChannelKind = "queue" | "broadcast" | "request" | "journal" | "latest" | "signal";

/** What a participant does on its channel. */
export type Role =
  | "publisher"
  | "subscriber"
  | "pusher"
  | "puller"
  | "requester"
  | "replier"
  | "member";

/** True for the roles that have a lane of their own. */
export function isSender(role: Role): boolean {
  return role === "publisher" || role === "pusher" || role === "requester";
}

/** Kinds by their number in the segment. */
export const KINDS: Record<number, ChannelKind> = {
  [layout.KIND_QUEUE]: "queue",
  [layout.KIND_BROADCAST]: "broadcast",
  [layout.KIND_REQUEST]: "request",
  [layout.KIND_JOURNAL]: "journal",
  [layout.KIND_LATEST]: "latest",
  [layout.KIND_SIGNAL]: "signal",
};

/** The number of each kind in a segment. */
export const KIND_NUMBERS: Record<ChannelKind, number> = {
  queue: layout.KIND_QUEUE,
  broadcast: layout.KIND_BROADCAST,
  request: layout.KIND_REQUEST,
  journal: layout.KIND_JOURNAL,
  latest: layout.KIND_LATEST,
  signal: layout.KIND_SIGNAL,
};

/** False if channels of a kind have no rings with messages. A number is a kind that is not known. */
export function hasRings(kind: ChannelKind | number): boolean {
  return kind !== "journal" && kind !== "latest" && kind !== "signal";
}

/** Roles by their number in the segment. */
export const ROLES: readonly (Role | undefined)[] = [
  undefined,
  "publisher",
  "subscriber",
  "pusher",
  "puller",
  "requester",
  "replier",
  "member",
];

/** Where the control block of a segment begins. */
export function controlOffset(capacity: number): number {
  return Math.ceil((layout.HEADER_BYTES + capacity) / 64) * 64;
}

/** Bytes of a new segment, in whole pages. */
export function newSegmentBytes(capacity: number): number {
  return roundUp(controlOffset(capacity) + layout.CONTROL_BYTES, PAGE_BYTES);
}

/** The properties of a new segment. */
export interface NewSegment {
  kind: ChannelKind;
  capacity: number;
  /** The codec's id, or `UNCHOSEN`. */
  codecId: string;
  persist: boolean;
}

/** Writes a new segment's header and control block. */
export function formatSegment(memory: WebAssembly.Memory, segment: NewSegment): void {
  const ring = instantiate(memory);
  const bytes = memory.buffer.byteLength;
  ring.configure(IS_WEAK, KIND_NUMBERS[segment.kind], segment.capacity, bytes);
  const at = controlOffset(segment.capacity) + layout.CONTROL_CODEC;
  new Uint8Array(memory.buffer, at).set(new TextEncoder().encode(segment.codecId));
  ring.setCreator(Deno.pid, Date.now());
  ring.format(flagsWord(segment.persist));
  const header = new DataView(memory.buffer, 0, layout.HEADER_BYTES);
  const codec = new Uint8Array(memory.buffer, at, layout.CODEC_BYTES);
  header.setUint32(layout.HEADER_CHECK, configChecksum(header, codec), true);
}

/** The flags in the lower half of a word, their complement in the upper half. */
function flagsWord(persist: boolean): number {
  const flags = persist ? layout.FLAG_PERSIST : 0;
  return (flags | (~flags << 16)) >>> 0;
}

/** Keeps a segment when its last participant leaves. A word that was overwritten stays as it is. */
export function makePersistent(words: Int32Array): void {
  const [from, to] = [flagsWord(false), flagsWord(true)];
  Atomics.compareExchange(words, layout.HEADER_FLAGS >>> 2, from | 0, to | 0);
}

/** The check over what never changes in a segment: version, kind, capacity and codec. */
export function configChecksum(header: DataView, codec: Uint8Array<ArrayBufferLike>): number {
  const bytes = new Uint8Array(header.buffer, header.byteOffset, header.byteLength);
  const version = bytes.subarray(layout.HEADER_VERSION, layout.HEADER_HEAD);
  const kind = bytes.subarray(layout.HEADER_KIND, layout.HEADER_FLAGS);
  const capacity = bytes.subarray(layout.HEADER_CAPACITY, layout.HEADER_END);
  return fnv1a(codec, fnv1a(capacity, fnv1a(kind, fnv1a(version))));
}

/** What describes a segment, from its checked header. */
export interface SegmentConfig {
  kind: ChannelKind;
  capacity: number;
  /** The codec's id, or `UNCHOSEN`. */
  codecId: string;
  persist: boolean;
}

/** Why no socket can open a segment. */
export interface ConfigProblem {
  problem: string;
  remedy: string;
}

const REMEDY = "delete the segment with removeStale({ includeNonEmpty: true }) or by hand";

/**
 * Reads and checks a header.
 *
 * @throws {ShmCorruptionError} if it is invalid
 */
export function readConfig(source: ByteSource, name: string): SegmentConfig {
  const config = parseConfig(source);
  if (!("problem" in config)) return config;
  const { problem, remedy } = config;
  throw new ShmCorruptionError(`cannot open channel "${name}": ${problem}; ${remedy}`);
}

/** Reads and checks a header; what is wrong with it if it is invalid. */
export function parseConfig(source: ByteSource): SegmentConfig | ConfigProblem {
  const invalid = (problem: string, remedy = REMEDY): ConfigProblem => ({ problem, remedy });
  const size = source.size();
  const header = source.read(0, layout.HEADER_BYTES);
  if (header.length < layout.HEADER_BYTES) {
    return invalid(
      `it has ${pluralize(header.length, "byte")}, and a segment has at least ` +
        `${layout.HEADER_BYTES}`,
    );
  }
  const view = new DataView(header.buffer);
  const row = rowAt(HEADER, view, 0);
  if (!hasMagic(row)) {
    return invalid(
      "it does not begin with the magic number of a segment",
      "delete the file by hand if nothing needs it, or use another name",
    );
  }
  if (row.version !== BigInt(layout.VERSION)) {
    return invalid(
      `its layout has version ${row.version}, and this module reads ${layout.VERSION}`,
    );
  }
  const kind = KINDS[row.kind];
  if (!kind) return invalid(`its kind is ${row.kind}`);
  const capacity = Number(row.capacityBytes);
  if (capacity % 64 !== 0 || capacity < 64 || newSegmentBytes(capacity) > size) {
    return invalid(`it has ${pluralize(size, "byte")}, which do not hold a ring of ${capacity}`);
  }
  const codec = source.read(controlOffset(capacity) + layout.CONTROL_CODEC, layout.CODEC_BYTES);
  if (row.check !== configChecksum(view, codec)) {
    return invalid("its header, or the name of its codec, was overwritten");
  }
  if (!row.flags.isIntact) return invalid("the flags in its header were overwritten");
  const codecId = codecIdOf(codec) || chosenCodecAt(source, controlOffset(capacity));
  if (codecId === undefined) return invalid("the choice of its codec was overwritten");
  return { kind, capacity, codecId, persist: row.flags.isPersistent };
}

/** The codec that was chosen after the channel was created; undefined if its word was overwritten. */
function chosenCodecAt(source: ByteSource, control: number): string | undefined {
  const bytes = source.read(control, layout.CONTROL_CHOSEN_AT);
  if (bytes.length < layout.CONTROL_CHOSEN_AT) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { value, isIntact } = CONTROL.fields.chosenCodec.read(view, 0);
  return isIntact ? chosenCodecId(source, value) : undefined;
}

/** The fields of a header. */
export type HeaderRow = Row<typeof HEADER>;

/** True if a header begins as that of a segment does. */
export function hasMagic({ magic }: HeaderRow): boolean {
  const view = new DataView(magic.buffer, magic.byteOffset, magic.byteLength);
  return view.getUint32(0, true) === layout.MAGIC_LOW &&
    view.getUint32(4, true) === layout.MAGIC_HIGH;
}
