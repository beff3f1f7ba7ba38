/**
 * A stream: entries in the order of their ids, and groups of consumers. An empty stream stays.
 *
 * @module
 */

import { TextMap } from "../../lib/base/text_map.ts";
import type { Collection } from "./collection.ts";
import { ConsumerGroup, type Tally } from "./consumer_group.ts";
import { IdTable } from "./id_table.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import { FIRST_ID, laterId, type StreamId } from "./stream_id.ts";
import { StreamNodes } from "./stream_nodes.ts";

/** Names and values of the fields of an entry, in turns. */
export type StreamFields = readonly string[];

/** Bytes of a field besides its text. */
const FIELD_BYTES = 16;

/** The entries and the groups of a key. */
export class StreamValue implements Collection {
  readonly log: IdTable<StreamFields> = new IdTable();
  readonly nodes: StreamNodes = new StreamNodes();
  readonly #groups = new TextMap<ConsumerGroup>();
  /** Its tables count as one entry more. */
  readonly #tally: Tally = { bytes: ENTRY_BYTES, entries: 1 };
  /** The last id that an entry has had, or that was set. */
  lastId: StreamId = FIRST_ID;
  /** The last id of those that were deleted one by one. */
  maxDeletedId: StreamId = FIRST_ID;
  /** Entries that were added in all. */
  entriesAdded = 0;

  get bytes(): number {
    return this.#tally.bytes;
  }

  get entries(): number {
    return this.#tally.entries;
  }

  get isEmpty(): boolean {
    return false;
  }

  get encoding(): string {
    return "stream";
  }

  /** Number of entries. */
  get size(): number {
    return this.log.size;
  }

  /** Id of the first entry; 0-0 if there is none. */
  get firstId(): StreamId {
    return this.log.firstId ?? FIRST_ID;
  }

  clone(): this {
    const copy = new StreamValue();
    for (const [id, fields] of this.log.entries()) copy.append(id, fields);
    const { lastId, maxDeletedId, entriesAdded } = this;
    Object.assign(copy, { lastId, maxDeletedId, entriesAdded });
    for (const group of this.groups) copy.#groups.set(group.name, group.cloneFor(copy.#tally));
    return copy as this;
  }

  /** Adds an entry, whose id must come after `lastId`. */
  append(id: StreamId, fields: StreamFields): void {
    this.log.set(id, fields);
    this.nodes.add(id, fields);
    this.#tally.bytes += sizeOf(fields);
    this.#tally.entries++;
    this.lastId = id;
    this.entriesAdded++;
  }

  /** Deletes an entry; false if there is none. */
  delete(id: StreamId): boolean {
    if (!this.#remove(id)) return false;
    this.maxDeletedId = laterId(this.maxDeletedId, id);
    return true;
  }

  #remove(id: StreamId): boolean {
    const fields = this.log.delete(id);
    if (fields === undefined) return false;
    this.nodes.delete(id);
    this.#tally.bytes -= sizeOf(fields);
    this.#tally.entries--;
    return true;
  }

  /** Removes the first entry, of which there must be one. */
  shift(): void {
    this.#remove(this.firstId);
  }

  /** The groups in the order of their names. */
  get groups(): ConsumerGroup[] {
    return this.#groups.values().toArray().sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Number of groups. */
  get groupCount(): number {
    return this.#groups.size;
  }

  /** A group, or undefined. */
  group(name: string): ConsumerGroup | undefined {
    return this.#groups.get(name);
  }

  /** Adds a group that is new. */
  addGroup(name: string, lastId: StreamId, entriesRead: number | undefined): ConsumerGroup {
    const group = new ConsumerGroup(name, lastId, entriesRead, this.#tally);
    this.#groups.set(name, group);
    return group;
  }

  /** Removes a group; false if there is none. */
  deleteGroup(name: string): boolean {
    this.#groups.get(name)?.drop();
    return this.#groups.delete(name);
  }

  /** True if one of the entries after an id, or the one with this id, was deleted. */
  hasDeletedFrom(id: StreamId): boolean {
    if (this.size === 0 || this.maxDeletedId.compare(FIRST_ID) === 0) return false;
    return id.compare(this.maxDeletedId) <= 0;
  }

  /** How many entries were added up to an id; undefined if it is not known. */
  countUpTo(id: StreamId): number | undefined {
    if (this.entriesAdded === 0) return 0;
    const toLast = id.compare(this.lastId);
    if (toLast === 0 || this.size === 0 && toLast < 0) return this.entriesAdded;
    const isFragmented = this.maxDeletedId.compare(FIRST_ID) !== 0 &&
      this.maxDeletedId.compare(this.firstId) >= 0;
    const toFirst = id.compare(this.firstId);
    if (toLast > 0 || isFragmented || toFirst > 0) return undefined;
    return this.entriesAdded - this.size + (toFirst === 0 ? 1 : 0);
  }
}

function sizeOf(fields: StreamFields): number {
  let bytes = ENTRY_BYTES + FIELD_BYTES * fields.length;
  for (const text of fields) bytes += text.length;
  return bytes;
}
