/**
 * The format of a segment: its kinds and roles, and its header, written and checked.
 *
 * @module
 */

import { ShmCorruptionError } from "../base/errors.ts";
import type { ByteSource } from "./byte_source.ts";
import { instantiate, IS_WEAK } from "./ring.ts";
import * as layout from "../../wasm/layout.ts";

/** What a channel does with a message. */
export type ChannelKind = "queue" | "broadcast" | "request" | "journal";

/** What a participant does on its channel. */
export type Role =
  | "publisher"
  | "subscriber"
  | "pusher"
  | "puller"
  | "requester"
  | "replier"
  | "member";

/** Kinds by their number in the segment. */
export const KINDS: Record<number, ChannelKind> = {
  [layout.KIND_QUEUE]: "queue",
  [layout.KIND_BROADCAST]: "broadcast",
  [layout.KIND_REQUEST]: "request",
  [layout.KIND_JOURNAL]: "journal",
};

/** The number of each kind in a segment. */
export const KIND_NUMBERS: Record<ChannelKind, number> = {
  queue: layout.KIND_QUEUE,
  broadcast: layout.KIND_BROADCAST,
  request: layout.KIND_REQUEST,
  journal: layout.KIND_JOURNAL,
};

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
  return Math.ceil((controlOffset(capacity) + layout.CONTROL_BYTES) / 4096) * 4096;
}

/** What a new segment is given. */
export interface NewSegment {
  kind: ChannelKind;
  capacity: number;
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
  ring.format(segment.persist ? layout.FLAG_PERSIST : 0);
  const header = new DataView(memory.buffer, 0, layout.HEADER_BYTES);
  const codec = new Uint8Array(memory.buffer, at, layout.CODEC_BYTES);
  header.setUint32(layout.HEADER_CHECK, configChecksum(header, codec), true);
}

/** A check over what never changes in a segment: version, kind, flags, capacity and codec. */
export function configChecksum(header: DataView, codec: Uint8Array<ArrayBufferLike>): number {
  let checksum = 0x811c9dc5;
  const add = (byte: number) => checksum = Math.imul(checksum ^ byte, 0x01000193);
  for (let at = layout.HEADER_VERSION; at < layout.HEADER_HEAD; at++) add(header.getUint8(at));
  for (let at = layout.HEADER_KIND; at < layout.HEADER_END; at++) add(header.getUint8(at));
  for (const byte of codec) add(byte);
  return checksum >>> 0;
}

/** What a segment's header says, checked. */
export interface SegmentConfig {
  kind: ChannelKind;
  capacity: number;
  codecId: string;
  persist: boolean;
}

/**
 * Reads and checks a header.
 *
 * @throws {ShmCorruptionError} if it is invalid
 */
export function readConfig(source: ByteSource, name: string): SegmentConfig {
  const invalid = (what: string, remedy = "delete the segment with removeStale() or by hand") =>
    new ShmCorruptionError(`cannot open channel "${name}": ${what}; ${remedy}`);
  const size = source.size();
  const header = source.read(0, layout.HEADER_BYTES);
  if (header.length < layout.HEADER_BYTES) {
    throw invalid(
      `it has ${header.length} bytes, and a segment has at least ${layout.HEADER_BYTES}`,
    );
  }
  const view = new DataView(header.buffer);
  const magic = [view.getUint32(0, true), view.getUint32(4, true)];
  if (magic[0] !== layout.MAGIC_LOW || magic[1] !== layout.MAGIC_HIGH) {
    throw invalid(
      "it does not begin with the magic number of a segment",
      "delete the file by hand if nothing needs it, or use another name",
    );
  }
  const version = view.getBigUint64(layout.HEADER_VERSION, true);
  if (version !== BigInt(layout.VERSION)) {
    throw invalid(`its layout has version ${version}, and this module reads ${layout.VERSION}`);
  }
  const kind = KINDS[view.getUint32(layout.HEADER_KIND, true)];
  if (!kind) throw invalid(`its kind is ${view.getUint32(layout.HEADER_KIND, true)}`);
  const capacity = Number(view.getBigUint64(layout.HEADER_CAPACITY, true));
  if (capacity % 64 !== 0 || capacity < 64 || newSegmentBytes(capacity) > size) {
    throw invalid(`it has ${size} bytes, which do not hold a ring of ${capacity}`);
  }
  const codec = source.read(controlOffset(capacity) + layout.CONTROL_CODEC, layout.CODEC_BYTES);
  if (view.getUint32(layout.HEADER_CHECK, true) !== configChecksum(view, codec)) {
    throw invalid("its header, or the name of its codec, was overwritten");
  }
  const end = codec.indexOf(0);
  return {
    kind,
    capacity,
    codecId: new TextDecoder().decode(codec.subarray(0, end < 0 ? undefined : end)),
    persist: (view.getUint32(layout.HEADER_FLAGS, true) & layout.FLAG_PERSIST) !== 0,
  };
}
