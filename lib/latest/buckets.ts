/**
 * The buckets of keys. A bucket is one word: its version, and the cell with a key and its value, or a list
 * of such cells. Readers copy what a bucket refers to, and then check that none of it was used again; a
 * writer changes a bucket with one compare-and-swap.
 *
 * @module
 */

import { ShmConnectionError } from "../base/errors.ts";
import type { Attachment } from "../channel/attachment.ts";
import { copyToArray } from "../channel/copy.ts";
import { Cells, type CellUses } from "./cells.ts";
import * as layout from "../../wasm/layout.ts";

/** A cell in one of its uses. */
export interface CellRef {
  readonly cell: number;
  readonly use: number;
}

/** What a cell holds, as its header says. */
export interface CellHeader extends CellRef {
  readonly length: number;
  readonly keyBytes: number;
  readonly flags: number;
  readonly expiresMs: number;
}

/** A bucket at one moment. */
export interface Bucket {
  readonly index: number;
  readonly version: number;
  readonly low: number;
  /** The keys of the bucket. */
  readonly entries: readonly CellRef[];
  /** The list of these entries, if it has one. */
  readonly list: CellHeader | undefined;
}

/** A bucket, and the cell of one key in it. */
export interface Look {
  readonly bucket: Bucket;
  readonly own: CellHeader | undefined;
}

/** What a new cell is to hold. */
export interface NewCell {
  readonly bucket: number;
  readonly key: Uint8Array;
  readonly bytes: Uint8Array;
  readonly flags: number;
  readonly expiresMs: number;
}

const NO_ENTRIES: readonly CellRef[] = [];
/** A double, and its halves. */
const TIME = new Float64Array(1);
const HALVES = new Int32Array(TIME.buffer);

/** The buckets of one segment. */
export class Buckets implements CellUses {
  readonly #attachment: Attachment;
  readonly #nowMs: () => number;
  readonly #cells: Cells;

  constructor(attachment: Attachment, nowMs: () => number) {
    this.#attachment = attachment;
    this.#nowMs = nowMs;
    this.#cells = new Cells(attachment, this);
  }

  /** Byte offset of a bucket's word. */
  static offsetOf(index: number): number {
    return layout.INDEX_BUCKETS + index * 8;
  }

  /** A bucket as it is now, and the cell of a key in it. */
  look(index: number, key: Uint8Array): Look {
    return this.#untilWhole(index, (bucket) => {
      for (const ref of bucket.entries) {
        const own = this.headerOf(ref);
        if (own === undefined) return undefined;
        const isSame = own.keyBytes === key.length && this.#hasKey(own, key);
        if (this.#attachment.ring.hasCellUse(own.cell, own.use) === 0) return undefined;
        if (isSame) return { bucket, own };
      }
      return { bucket, own: undefined };
    });
  }

  /** What `read` makes of a bucket. It returns undefined if a cell of the bucket was used again meanwhile. */
  #untilWhole<R>(index: number, read: (bucket: Bucket) => R | undefined): R {
    let lastVersion: number | undefined;
    while (true) {
      const bucket = this.read(index);
      const result = read(bucket);
      if (result !== undefined) return result;
      // A cell is used again only after its bucket has changed.
      if (bucket.version === lastVersion) throw this.#damaged(index);
      lastVersion = bucket.version;
    }
  }

  /** The headers of all cells of a bucket. */
  headersOf(index: number): CellHeader[] {
    return this.#untilWhole(index, (bucket) => {
      const headers = bucket.entries.map((ref) => this.headerOf(ref));
      return headers.every((header) => header !== undefined) ? headers : undefined;
    });
  }

  /** A bucket as it is now. */
  read(index: number): Bucket {
    const at = Buckets.offsetOf(index) >>> 2;
    let lastVersion: number | undefined;
    while (true) {
      const { words } = this.#attachment;
      const version = Atomics.load(words, at + 1) >>> 0;
      const low = Atomics.load(words, at) >>> 0;
      const cell = low * layout.CELL_ALIGN;
      const use = low === 0 || !this.#isMapped(cell, layout.CELL_DATA)
        ? 0
        : this.#cells.useOf(cell);
      if (Atomics.load(words, at + 1) >>> 0 !== version) continue;
      if (low === 0) return { index, version, low, entries: NO_ENTRIES, list: undefined };
      const header = this.headerOf({ cell, use });
      const bucket = header && this.#bucketOf(index, version, low, header);
      if (bucket !== undefined) return bucket;
      if (version === lastVersion) throw this.#damaged(index);
      lastVersion = version;
    }
  }

  #bucketOf(index: number, version: number, low: number, header: CellHeader): Bucket | undefined {
    if ((header.flags & layout.CELL_IS_LIST) === 0) {
      return { index, version, low, entries: [header], list: undefined };
    }
    const { words } = this.#attachment;
    const entries: CellRef[] = [];
    const count = header.length / layout.LIST_ENTRY_BYTES;
    for (let i = 0; i < count; i++) {
      const at = (header.cell + layout.CELL_DATA + i * layout.LIST_ENTRY_BYTES) >>> 2;
      const cell = (words[at] >>> 0) * layout.CELL_ALIGN;
      entries.push({ cell, use: words[at + 1] >>> 0 });
    }
    if (this.#attachment.ring.hasCellUse(header.cell, header.use) === 0) return undefined;
    return { index, version, low, entries, list: header };
  }

  #damaged(index: number): Error {
    return this.#attachment.corruption(
      `bucket ${index}, or a cell that it refers to, was overwritten`,
    );
  }

  #isMapped(offset: number, bytes: number): boolean {
    const { sharedMemory } = this.#attachment;
    if (offset < layout.INDEX_END) return false;
    if (offset + bytes > sharedMemory.mappedBytes) this.#attachment.remap();
    return offset + bytes <= sharedMemory.mappedBytes;
  }

  /** The header of a cell; undefined if it is in another use. */
  headerOf({ cell, use }: CellRef): CellHeader | undefined {
    if (!this.#isMapped(cell, layout.CELL_DATA)) throw this.#badCell(cell);
    const { words, ring } = this.#attachment;
    const at = cell >>> 2;
    const length = words[at + (layout.CELL_LENGTH >>> 2)] >>> 0;
    const keyBytes = words[at + (layout.CELL_KEY_BYTES >>> 2)] >>> 0;
    const flags = words[at + (layout.CELL_FLAGS >>> 2)] >>> 0;
    const expiresMs = this.#expiryAt(cell);
    const isIntact = ring.isCellIntact(cell) !== 0;
    if (ring.hasCellUse(cell, use) === 0) return undefined;
    if (!isIntact || !this.#isMapped(cell, bytesOfCell(keyBytes, length))) {
      throw this.#badCell(cell);
    }
    return { cell, use, length, keyBytes, flags, expiresMs };
  }

  #expiryAt(cell: number): number {
    const { words } = this.#attachment;
    const at = (cell + layout.CELL_EXPIRES) >>> 2;
    HALVES[0] = words[at];
    HALVES[1] = words[at + 1];
    return TIME[0];
  }

  #badCell(cell: number): Error {
    return this.#attachment.corruption(`the cell at ${cell} was overwritten`);
  }

  #hasKey({ cell }: CellHeader, key: Uint8Array): boolean {
    const { bytes } = this.#attachment;
    const from = cell + layout.CELL_DATA;
    for (let i = 0; i < key.length; i++) if (bytes[from + i] !== key[i]) return false;
    return true;
  }

  /** A copy of a value; undefined if its cell is in another use. */
  valueOf(header: CellHeader): Uint8Array<ArrayBuffer> | undefined {
    const from = header.cell + layout.CELL_DATA + roundTo8(header.keyBytes);
    return this.#copy(header, from, header.length);
  }

  /** A copy of a key; undefined if its cell is in another use. */
  keyOf(header: CellHeader): Uint8Array<ArrayBuffer> | undefined {
    return this.#copy(header, header.cell + layout.CELL_DATA, header.keyBytes);
  }

  #copy(
    { cell, use }: CellHeader,
    from: number,
    length: number,
  ): Uint8Array<ArrayBuffer> | undefined {
    const copy = copyToArray(this.#attachment.bytes, from, length);
    return this.#attachment.ring.hasCellUse(cell, use) === 0 ? undefined : copy;
  }

  /** Fills a free cell. */
  write({ bucket, key, bytes, flags, expiresMs }: NewCell): CellHeader {
    const size = bytesOfCell(key.length, bytes.length);
    const cell = this.#cells.claim(size);
    const { ring } = this.#attachment;
    ring.describeCell(cell, bucket, bytes.length, key.length, flags, expiresMs);
    const data = cell + layout.CELL_DATA;
    this.#attachment.bytes.set(key, data);
    this.#attachment.bytes.set(bytes, data + roundTo8(key.length));
    const use = this.#cells.useOf(cell);
    return { cell, use, length: bytes.length, keyBytes: key.length, flags, expiresMs };
  }

  /** Frees a cell that is in no bucket. */
  free(header: CellHeader): void {
    this.#cells.free(header.cell, header.use, bytesOfCell(header.keyBytes, header.length));
  }

  /** Replaces a cell of a bucket by a new one; false if the bucket has changed meanwhile. */
  tryReplace(
    bucket: Bucket,
    old: CellHeader | undefined,
    added: CellHeader | undefined,
  ): boolean {
    const others = bucket.entries.filter(({ cell }) => cell !== old?.cell);
    const entries = added === undefined ? others : [added, ...others];
    const list = entries.length > 1 ? this.#writeList(bucket.index, entries) : undefined;
    const next = list ?? entries[0];
    const { ring } = this.#attachment;
    const at = Buckets.offsetOf(bucket.index);
    const low = next === undefined ? 0 : next.cell / layout.CELL_ALIGN;
    if (ring.publishCell(at, bucket.low, bucket.version, low) === 0) {
      if (list !== undefined) this.free(list);
      return false;
    }
    if (added !== undefined) ring.markCell(added.cell, added.use);
    if (list !== undefined) ring.markCell(list.cell, list.use);
    if (old !== undefined) this.free(old);
    if (bucket.list !== undefined) this.free(bucket.list);
    return true;
  }

  #writeList(bucket: number, entries: readonly CellRef[]): CellHeader {
    const words = new Uint32Array(
      entries.flatMap(({ cell, use }) => [cell / layout.CELL_ALIGN, use]),
    );
    return this.write({
      bucket,
      key: new Uint8Array(0),
      bytes: new Uint8Array(words.buffer),
      flags: layout.CELL_IS_LIST,
      expiresMs: Infinity,
    });
  }

  refersTo(index: number, cell: number, use: number): boolean {
    if (index < 0 || index >= layout.BUCKETS) return false;
    const { entries, list } = this.read(index);
    const isSame = (ref: CellRef) => ref.cell === cell && ref.use === use;
    return entries.some(isSame) || (list !== undefined && isSame(list));
  }

  removeExpired(): void {
    const { words } = this.#attachment;
    if (Atomics.load(words, layout.INDEX_HAS_TTL >>> 2) === 0) return;
    const nowMs = this.#nowMs();
    for (let index = 0; index < layout.BUCKETS; index++) {
      if (words[Buckets.offsetOf(index) >>> 2] !== 0) this.#removeExpiredOf(index, nowMs);
    }
  }

  /** What another participant changes at the same moment is left to it. */
  #removeExpiredOf(index: number, nowMs: number): void {
    const expired = this.headersOf(index).filter(({ expiresMs }) => expiresMs <= nowMs);
    for (const header of expired) {
      const bucket = this.read(index);
      const isThere = bucket.entries.some(({ cell, use }) =>
        cell === header.cell && use === header.use
      );
      if (isThere) this.#removeIfSpace(bucket, header);
    }
  }

  /** A shorter list may need a cell. */
  #removeIfSpace(bucket: Bucket, header: CellHeader): void {
    try {
      this.tryReplace(bucket, header, undefined);
    } catch (error) {
      if (!(error instanceof ShmConnectionError)) throw error;
    }
  }
}

/** Bytes of a cell with a key and a value of these lengths. */
function bytesOfCell(keyBytes: number, length: number): number {
  return layout.CELL_DATA + roundTo8(keyBytes) + length;
}

function roundTo8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
