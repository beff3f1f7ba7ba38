/**
 * The channels of a directory: lists them, and removes stale ones.
 *
 * @module
 */

import { checkNoMore } from "../base/checks.ts";
import { endIfTerminated } from "../presence/exit_hooks.ts";
import {
  isIsolateAlive,
  isolateIdOf,
  reclaimEndedWorkers,
  removeUnlockedFifo,
} from "../presence/isolate.ts";
import { type ByteSource, FileSource } from "../segment/byte_source.ts";
import { labelOf } from "../segment/label.ts";
import { type ChannelKind, hasMagic, readConfig, type Role, ROLES } from "../segment/format.ts";
import {
  type Geometry,
  geometryOf,
  isDrained,
  pendingBytes,
  readControl,
  readHeader,
  readLanes,
  readParticipants,
  sumOverLanes,
  unacknowledgedMessages,
} from "../segment/tables.ts";
import {
  channelNames,
  codeOf,
  filesIn,
  ISOLATE_PREFIX,
  segmentDirectory,
  TEMPORARY_PREFIX,
  TOMBSTONE_PREFIX,
} from "../platform/directory.ts";
import { isClosed, removeTombstone, tryClose, unlink } from "../segment/lifecycle.ts";
import { directoryPath, flag } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";
import { ShmError } from "../base/errors.ts";
import { removeForgottenIsolate } from "../segment/dead_isolates.ts";
import { removeOrphanedGenerations } from "../journal/files.ts";
import { checkChannelName } from "../channel/channel_options.ts";
import { platform } from "../platform/mod.ts";
import { withHeader } from "../segment/with_header.ts";
import * as layout from "../../wasm/layout.ts";

/** A younger temporary file may still get its name. */
const TEMPORARY_MIN_AGE_MS = 10_000;

/** Options of the registry. */
export interface RegistryOptions {
  /** Directory of the segments. Default: `RINGBUS_DIR`, or the user's own. */
  dir?: string | undefined;
}

/** Options of `removeStale`. */
export interface RemoveStaleOptions extends RegistryOptions {
  /** Also removes segments that were created with `persist: true`. Default: false. */
  includePersistent?: boolean | undefined;
  /**
   * Also removes queues that hold undelivered messages, and damaged segments, which may hold some.
   * Default: false.
   */
  includeNonEmpty?: boolean | undefined;
  /** Removes nothing, and returns what would be removed. Default: false. */
  dryRun?: boolean | undefined;
}

const LIST_OPTIONS = new OptionRules<RegistryOptions>("listChannels()", { dir: directoryPath });
const REMOVE_OPTIONS = new OptionRules<RemoveStaleOptions>("removeStale()", {
  dir: directoryPath,
  includePersistent: flag,
  includeNonEmpty: flag,
  dryRun: flag,
});

/** A socket on a channel. */
export interface ParticipantInfo {
  /** Process id. */
  pid: number;
  /** What the socket does on the channel. */
  role: Role;
  /** When it attached. */
  since: Date;
  /** False if its process or worker has ended. */
  alive: boolean;
  /** The name that its program gave it, with the option `label`. */
  label?: string | undefined;
}

/** A channel, as described by its segment. */
export interface ChannelInfo {
  /** Channel name. */
  name: string;
  /** The segment's file. */
  path: string;
  /** What the channel does with a message; `"damaged"` if its header is invalid. */
  kind: ChannelKind | "damaged";
  /** Bytes of the rings of senders that ask for no size. */
  capacityBytes: number;
  /** Bytes in the rings that are not taken or overwritten yet. */
  usedBytes: number;
  /** Messages that pullers with `ack` took and did not acknowledge: leased, or returned. */
  unacknowledged: number;
  /** Bytes ever committed. */
  head: bigint;
  /** Bytes ever taken or overwritten. */
  tail: bigint;
  /** Messages ever committed. */
  messages: bigint;
  /** Messages that were rejected because a ring was full, or that a subscriber missed. */
  dropped: bigint;
  /** Codec id; empty while only receivers that name none have opened the channel. */
  codec: string;
  /** True if it was created with `persist: true`. */
  persistent: boolean;
  /** The process that created it, and when; undefined if the segment is damaged. */
  creator?: { pid: number; since: Date } | undefined;
  /** Sockets that are attached. */
  participants: ParticipantInfo[];
  /** Why the header is invalid, for kind `"damaged"`; the counts are then 0. */
  damage?: string | undefined;
}

/**
 * Lists the channels of a directory. Deletes nothing.
 *
 * @throws {ShmPermissionError} without `--allow-ffi`, or if the directory belongs to another user
 *
 * @example
 * ```ts ignore
 * import { listChannels } from "@ringbus/ringbus";
 *
 * for (const channel of listChannels()) {
 *   console.log(channel.name, channel.kind, channel.participants.length);
 * }
 * ```
 */
export function listChannels(options: RegistryOptions = {}): ChannelInfo[] {
  checkNoMore("listChannels()", arguments, 1);
  LIST_OPTIONS.check(options);
  endIfTerminated();
  const directory = segmentDirectory(options.dir);
  const channels: ChannelInfo[] = [];
  for (const name of channelNames(directory)) {
    const info = readSegment(directory, name, describeUnlessClosed);
    if (info) channels.push(info);
  }
  return channels;
}

/**
 * Describes one channel; undefined if there is none of this name.
 *
 * @throws {TypeError} if the name is invalid
 * @throws {ShmPermissionError} without `--allow-ffi`, or if the directory belongs to another user
 */
export function describeChannel(
  name: string,
  options: RegistryOptions = {},
): ChannelInfo | undefined {
  checkChannelName(name);
  endIfTerminated();
  return readSegment(segmentDirectory(options.dir), name, describeUnlessClosed);
}

/**
 * Deletes segments without a live participant, and what dead processes left beside them.
 *
 * @returns the names of the deleted channels; with `dryRun`, of those that would be deleted
 * @throws {ShmPermissionError} without `--allow-ffi`, or if the directory belongs to another user
 */
export function removeStale(options: RemoveStaleOptions = {}): string[] {
  checkNoMore("removeStale()", arguments, 1);
  REMOVE_OPTIONS.check(options);
  endIfTerminated();
  const directory = segmentDirectory(options.dir);
  const removed: string[] = [];
  reclaimEndedWorkers();
  for (const name of channelNames(directory)) {
    if (readSegment(directory, name, (segment) => removeIfStale(segment, options))) {
      removed.push(name);
    }
  }
  if (!options.dryRun) removeLeftovers(directory);
  return removed;
}

/** Removes what dead processes left beside the channels. */
function removeLeftovers(directory: string): void {
  for (const name of filesIn(directory)) {
    if (name.startsWith(ISOLATE_PREFIX)) removeIfDead(directory, name);
    if (name.startsWith(TEMPORARY_PREFIX)) removeTemporary(`${directory}/${name}`);
    if (name.startsWith(TOMBSTONE_PREFIX)) removeTombstone(`${directory}/${name}`);
  }
  removeOrphanedGenerations(directory);
}

function removeIfDead(directory: string, name: string): void {
  const id = isolateIdOf(name);
  if (id !== undefined) removeForgottenIsolate(directory, id);
}

/** An open segment file. */
export interface OpenSegment {
  name: string;
  directory: string;
  path: string;
  fd: number;
}

/** Reads an open segment. Undefined if the file does not exist, or is no regular file of this user. */
export function readSegment<R>(
  directory: string,
  name: string,
  use: (segment: OpenSegment) => R,
): R | undefined {
  const os = platform();
  const path = `${directory}/${name}`;
  let fd: number;
  try {
    fd = os.open(path);
  } catch (error) {
    if (["ENOENT", "ELOOP", "EACCES", "EISDIR"].includes(codeOf(error))) return undefined;
    throw error;
  }
  try {
    const status = os.statusOf(fd);
    if (status.type !== "file" || status.uid !== os.uid) return undefined;
    return use({ name, directory, path, fd });
  } finally {
    os.close(fd);
  }
}

/** Undefined for a segment that is being deleted. */
function describeUnlessClosed(segment: OpenSegment): ChannelInfo | undefined {
  const header = new Uint32Array(layout.HEADER_BYTES / 4);
  platform().read(segment.fd, new Uint8Array(header.buffer), 0);
  return isClosed(header) ? undefined : describe(segment);
}

function describe(segment: OpenSegment): ChannelInfo {
  const { name, path } = segment;
  try {
    return describeIntact(segment);
  } catch (error) {
    if (!(error instanceof ShmError)) throw error;
    return {
      name,
      path,
      kind: "damaged",
      capacityBytes: 0,
      usedBytes: 0,
      unacknowledged: 0,
      head: 0n,
      tail: 0n,
      messages: 0n,
      dropped: 0n,
      codec: "",
      persistent: false,
      participants: [],
      damage: error.message,
    };
  }
}

function describeIntact({ name, path, directory, fd }: OpenSegment): ChannelInfo {
  const source = new FileSource(fd);
  const config = readConfig(source, name);
  const geometry = geometryOf(config.capacity);
  const lanes = readLanes(source, geometry);
  const head = sumOverLanes(lanes, "head");
  const pending = pendingBytes(lanes);
  return {
    name,
    path,
    kind: config.kind,
    capacityBytes: config.capacity,
    usedBytes: Number(pending),
    unacknowledged: unacknowledgedMessages(source, geometry),
    head,
    tail: head - pending,
    messages: sumOverLanes(lanes, "count"),
    dropped: readHeader(source)?.dropped ?? 0n,
    codec: config.codecId,
    persistent: config.persist,
    creator: creatorOf(source, geometry),
    participants: participantsOf(source, geometry, directory),
  };
}

function creatorOf(source: ByteSource, geometry: Geometry): ChannelInfo["creator"] {
  const control = readControl(source, geometry);
  return control && { pid: control.creatorPid, since: new Date(control.createdAt) };
}

function participantsOf(
  source: ByteSource,
  geometry: Geometry,
  directory: string,
): ParticipantInfo[] {
  return readParticipants(source, geometry).flatMap((row) => {
    const { isolate, pid } = row;
    const role = ROLES[row.role];
    if (isolate === 0n || role === undefined) return [];
    const alive = isIsolateAlive(directory, isolate);
    return [{ pid, role, since: new Date(row.sinceMs), alive, label: labelOf(row.label) }];
  });
}

function removeIfStale(segment: OpenSegment, options: RemoveStaleOptions): boolean {
  const { fd, path } = segment;
  if (!isSegment(fd)) return false;
  if (options.dryRun) return !platform().isSharedByOthers(fd) && isStale(segment, options);
  return withHeader(fd, (header) => {
    if (!tryClose(fd, () => header, () => isStale(segment, options))) return false;
    unlink(path, fd);
    return true;
  });
}

function isStale(segment: OpenSegment, options: RemoveStaleOptions): boolean {
  const info = describe(segment);
  const isPersistent = info.persistent ||
    (info.damage !== undefined && mayBePersistent(segment.fd));
  if (isPersistent && !options.includePersistent) return false;
  return options.includeNonEmpty === true || !mayHoldMessages(segment, info);
}

/** A damaged segment may hold messages. */
function mayHoldMessages({ fd }: OpenSegment, info: ChannelInfo): boolean {
  if (info.damage !== undefined) return true;
  return info.kind === "queue" && !isDrained(new FileSource(fd), geometryOf(info.capacityBytes));
}

/** What cannot be read may be of another version, or persistent all the same. */
function mayBePersistent(fd: number): boolean {
  const header = readHeader(new FileSource(fd));
  return header !== undefined &&
    (header.version !== BigInt(layout.VERSION) || header.flags.isPersistent);
}

/** A file without the magic number may be anything, and is never deleted. */
export function isSegment(fd: number): boolean {
  const header = readHeader(new FileSource(fd));
  return header !== undefined && hasMagic(header);
}

function removeTemporary(path: string): void {
  const os = platform();
  try {
    const status = os.status(path);
    // A date to come is from before the wall clock was set back.
    if (Math.abs(Date.now() - status.modifiedAtMs) < TEMPORARY_MIN_AGE_MS) return;
    if (status.type === "fifo") removeUnlockedFifo(path);
    else if (status.type === "file") os.unlink(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}
