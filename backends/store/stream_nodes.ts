/**
 * The nodes of a stream: Redis keeps entries in packed pieces, and trimming with `~` removes whole pieces
 * only. Here they are no more than counts, so that it removes the same entries.
 *
 * @module
 */

import { countSize, LISTPACK_BYTES, numberSize, textSize } from "./listpack_size.ts";
import type { StreamId } from "./stream_id.ts";

/** Most entries of a node, and the bytes at which it is full. */
const MAX_ENTRIES = 100;
const MAX_BYTES = 4096;

/** A node. */
export interface StreamNode {
  readonly firstId: StreamId;
  lastId: StreamId;
  /** Entries that it has had. */
  added: number;
  /** Entries that it has. */
  size: number;
  bytes: number;
  /** The names of the fields of its first entry: an entry with the same ones needs no names. */
  readonly names: readonly string[];
}

/** The nodes of one stream. */
export class StreamNodes {
  #nodes: StreamNode[] = [];

  /** Number of nodes. */
  get size(): number {
    return this.#nodes.length;
  }

  /** The first node, or undefined. */
  get first(): StreamNode | undefined {
    return this.#nodes[0];
  }

  /** Counts an entry at the end: names and values of fields in turns. */
  add(id: StreamId, fields: readonly string[]): void {
    let node = this.#nodes.at(-1);
    if (node === undefined || isFull(node, fields)) this.#nodes.push(node = newNode(id, fields));
    node.bytes += entrySize(node, id, fields);
    node.lastId = id;
    node.added++;
    node.size++;
  }

  /** Counts an entry less. */
  delete(id: StreamId): void {
    const index = this.#indexOf(id);
    if (--this.#nodes[index].size === 0) this.#nodes.splice(index, 1);
  }

  /** The last node that begins at an id or before it. */
  #indexOf(id: StreamId): number {
    // Most entries are removed at the begin.
    if (this.#nodes.length > 1 && this.#nodes[1].firstId.compare(id) > 0) return 0;
    let [low, high] = [0, this.#nodes.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#nodes[middle].firstId.compare(id) <= 0) low = middle;
      else high = middle;
    }
    return low;
  }
}

function isFull({ added, bytes }: StreamNode, fields: readonly string[]): boolean {
  let length = 0;
  for (const text of fields) length += text.length;
  return added >= MAX_ENTRIES || bytes + length >= MAX_BYTES;
}

function newNode(firstId: StreamId, fields: readonly string[]): StreamNode {
  const names = fields.filter((_, i) => i % 2 === 0);
  const counts = 3 * countSize(0) + countSize(names.length);
  const bytes = names.reduce((sum, name) => sum + textSize(name), LISTPACK_BYTES + counts);
  return { firstId, lastId: firstId, added: 0, size: 0, bytes, names };
}

/** Flags, the distance of its id, and its fields. */
function entrySize(node: StreamNode, id: StreamId, fields: readonly string[]): number {
  const count = fields.length / 2;
  const hasSameNames = count === node.names.length &&
    node.names.every((name, i) => name === fields[2 * i]);
  const elements = hasSameNames ? count + 3 : 2 * count + 4;
  let bytes = countSize(0) + distanceSize(node.firstId, id) + countSize(elements);
  if (!hasSameNames) bytes += countSize(count);
  for (let i = hasSameNames ? 1 : 0; i < fields.length; i += hasSameNames ? 2 : 1) {
    bytes += textSize(fields[i]);
  }
  return bytes;
}

/** Most ids of a node have one time. */
function distanceSize({ ms, sequence }: StreamId, id: StreamId): number {
  const time = id.ms === ms ? countSize(0) : numberSize(id.ms - ms);
  return time + numberSize(BigInt.asIntN(64, id.sequence - sequence));
}
