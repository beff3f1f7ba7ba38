/**
 * Streams in `DUMP`: entries in listpacks, and groups with what is pending.
 *
 * @module
 */

import type { ConsumerGroup } from "../../store/consumer_group.ts";
import { StreamId } from "../../store/stream_id.ts";
import { type StreamFields, StreamValue } from "../../store/stream_value.ts";
import { err } from "../engine/errors.ts";
import { readListpack, writeListpack } from "./listpack.ts";
import type { RdbReader, RdbWriter } from "./rdb.ts";

const BAD_FORMAT = err("Bad data format");
/** Entries of a listpack that is written. */
const NODE_ENTRIES = 100;
const ID_BYTES = 16;
/** How a number is written that is not known. */
const UNKNOWN = 2n ** 64n - 1n;
/** Flags of an entry in a listpack. */
const DELETED = 1;
const SAME_NAMES = 2;

type Entry = [StreamId, StreamFields];

/** Writes a stream in the form of Redis 7.0. */
export function writeStream(writer: RdbWriter, stream: StreamValue): void {
  const entries = [...stream.log.entries()];
  writer.length(Math.ceil(entries.length / NODE_ENTRIES));
  for (let at = 0; at < entries.length; at += NODE_ENTRIES) {
    writeNode(writer, entries.slice(at, at + NODE_ENTRIES));
  }
  writer.length(stream.size);
  for (const id of [stream.lastId, stream.firstId, stream.maxDeletedId]) writeId(writer, id);
  writer.length64(BigInt(stream.entriesAdded));
  writer.length(stream.groupCount);
  for (const group of stream.groups) writeGroup(writer, group);
}

/** Entries whose ids are written as distances from the first one, all with the names of their fields. */
function writeNode(writer: RdbWriter, entries: readonly Entry[]): void {
  const [[first]] = entries;
  writer.text(idBytes(first));
  const elements: (string | number)[] = [entries.length, 0, 0, 0];
  for (const [id, fields] of entries) {
    const sequence = BigInt.asIntN(64, id.sequence - first.sequence);
    elements.push(0, String(id.ms - first.ms), String(sequence), String(fields.length / 2));
    for (const field of fields) elements.push(field);
    elements.push(String(fields.length + 4));
  }
  writer.text(writeListpack(elements));
}

function writeId(writer: RdbWriter, { ms, sequence }: StreamId): void {
  writer.length64(ms);
  writer.length64(sequence);
}

function idBytes({ ms, sequence }: StreamId): string {
  let bytes = "";
  for (let rest = ms << 64n | sequence; bytes.length < ID_BYTES; rest >>= 8n) {
    bytes = String.fromCharCode(Number(rest & 0xffn)) + bytes;
  }
  return bytes;
}

function writeGroup(writer: RdbWriter, group: ConsumerGroup): void {
  writer.text(group.name);
  writeId(writer, group.lastId);
  writer.length64(group.entriesRead === undefined ? UNKNOWN : BigInt(group.entriesRead));
  writer.length(group.pending.size);
  for (const [id, { deliveredAtMs, deliveries }] of group.pending.entries()) {
    writer.bytes(idBytes(id));
    writer.int64(BigInt(Math.floor(deliveredAtMs)));
    writer.length(deliveries);
  }
  writer.length(group.consumerCount);
  for (const { name, seenAtMs, pending } of group.consumers) {
    writer.text(name);
    writer.int64(BigInt(Math.floor(seenAtMs)));
    writer.length(pending.size);
    for (const [id] of pending.entries()) writer.bytes(idBytes(id));
  }
}

/** Reads a stream in the first, second or third form of Redis. */
export function readStream(reader: RdbReader, version: 1 | 2 | 3): StreamValue {
  const stream = new StreamValue();
  for (let left = reader.length(); left > 0; left--) readNode(reader, stream);
  if (reader.length() !== stream.size) throw BAD_FORMAT;
  stream.lastId = readId(reader);
  if (version > 1) {
    readId(reader);
    stream.maxDeletedId = readId(reader);
    stream.entriesAdded = Number(reader.length64());
  }
  for (let left = reader.length(); left > 0; left--) readGroup(reader, stream, version);
  return stream;
}

function readId(reader: RdbReader): StreamId {
  return new StreamId(reader.length64(), reader.length64());
}

function idOf(bytes: string): StreamId {
  if (bytes.length !== ID_BYTES) throw BAD_FORMAT;
  let value = 0n;
  for (let i = 0; i < ID_BYTES; i++) value = value << 8n | BigInt(bytes.charCodeAt(i));
  return new StreamId(value >> 64n, value & UNKNOWN);
}

/** The elements of a listpack, one after the other. */
class Elements {
  readonly #elements: readonly string[];
  #at = 0;

  constructor(bytes: string) {
    this.#elements = readListpack(bytes);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#elements.length;
  }

  text(): string {
    if (this.isAtEnd) throw BAD_FORMAT;
    return this.#elements[this.#at++];
  }

  integer(): bigint {
    const text = this.text();
    if (!/^-?\d{1,20}$/.test(text)) throw BAD_FORMAT;
    return BigInt(text);
  }

  /** As many texts as a number says. */
  texts(count: bigint): string[] {
    if (count < 0n || count > BigInt(this.#elements.length)) throw BAD_FORMAT;
    return Array.from({ length: Number(count) }, () => this.text());
  }
}

function readNode(reader: RdbReader, stream: StreamValue): void {
  const first = idOf(reader.text());
  const elements = new Elements(reader.text());
  elements.texts(2n);
  const names = elements.texts(elements.integer());
  elements.text();
  while (!elements.isAtEnd) readEntry(elements, stream, first, names);
}

/** Reads an entry, which may be one that was deleted. */
function readEntry(
  elements: Elements,
  stream: StreamValue,
  first: StreamId,
  names: readonly string[],
): void {
  const flags = Number(elements.integer());
  const ms = BigInt.asUintN(64, first.ms + elements.integer());
  const id = new StreamId(ms, BigInt.asUintN(64, first.sequence + elements.integer()));
  const fields = (flags & SAME_NAMES) === 0
    ? elements.texts(2n * elements.integer())
    : names.flatMap((name) => [name, elements.text()]);
  elements.text();
  if ((flags & DELETED) !== 0) return;
  if (id.compare(stream.lastId) <= 0) throw BAD_FORMAT;
  stream.append(id, fields);
}

function readGroup(reader: RdbReader, stream: StreamValue, version: 1 | 2 | 3): void {
  const [name, lastId] = [reader.text(), readId(reader)];
  const count = version > 1 ? reader.length64() : UNKNOWN;
  if (stream.group(name) !== undefined) throw BAD_FORMAT;
  const group = stream.addGroup(name, lastId, count === UNKNOWN ? undefined : Number(count));
  const pending = readPending(reader);
  for (let left = reader.length(); left > 0; left--) readConsumer(reader, group, pending, version);
  if (group.pending.size !== pending.size) throw BAD_FORMAT;
}

/** When an entry was delivered last, and how often. */
interface Delivery {
  readonly atMs: number;
  readonly count: number;
}

/** The entries that are pending, by the text of their id. */
function readPending(reader: RdbReader): Map<string, Delivery> {
  const pending = new Map<string, Delivery>();
  for (let left = reader.length(); left > 0; left--) {
    const id = idOf(reader.bytes(ID_BYTES));
    pending.set(id.toString(), { atMs: Number(reader.int64()), count: reader.length() });
  }
  return pending;
}

function readConsumer(
  reader: RdbReader,
  group: ConsumerGroup,
  pending: ReadonlyMap<string, Delivery>,
  version: 1 | 2 | 3,
): void {
  const [name, seenAtMs] = [reader.text(), Number(reader.int64())];
  const activeAtMs = version > 2 ? Number(reader.int64()) : seenAtMs;
  if (group.consumer(name) !== undefined) throw BAD_FORMAT;
  const consumer = group.addConsumer(name, seenAtMs);
  consumer.activeAtMs = activeAtMs < 0 ? undefined : activeAtMs;
  for (let left = reader.length(); left > 0; left--) {
    const id = idOf(reader.bytes(ID_BYTES));
    const delivery = pending.get(id.toString());
    if (delivery === undefined || group.pending.get(id) !== undefined) throw BAD_FORMAT;
    group.assign(id, consumer, delivery.atMs, delivery.count);
  }
}
