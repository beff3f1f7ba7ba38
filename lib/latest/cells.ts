/**
 * The memory of cells. Cells of one size lie in chunks, which a segment adds when none is free. A writer
 * uses the cells again that it has freed itself, the oldest first, so that readers have time to copy them.
 *
 * @module
 */

import { PAGE_BYTES, roundUp } from "../base/pages.ts";
import { ShmConnectionError } from "../base/errors.ts";
import type { Attachment } from "../channel/attachment.ts";
import { valueOfChecked } from "../segment/checksum.ts";
import * as layout from "../../wasm/layout.ts";

/** Bytes of the first chunk of a size; each further one has twice as many, up to the limit. */
const FIRST_CHUNK_BYTES = 32 * 1024;
const MAX_CHUNK_BYTES = 4 * 1024 * 1024;
/** Cells of a chunk, however large they are. */
const LEAST_CELLS = 2;
/** Freed cells that wait for their next use: a reader has as many writes to copy a value. */
const RESTING_CELLS = 3;
const MAX_RESTING_CELLS = 64;

/** The class of the smallest cells that have room for so many bytes. */
export function sizeClassOf(bytes: number): number {
  const units = Math.ceil(bytes / layout.CELL_ALIGN);
  if (units <= 4) return 0;
  const shift = 29 - Math.clz32(units - 1);
  return 4 * shift + ((units - 1) >>> shift) - 3;
}

/** Bytes of the cells of a class: four sizes between a power of two and the next. */
export function cellBytesOf(sizeClass: number): number {
  return layout.CELL_ALIGN * (4 + (sizeClass & 3)) * 2 ** (sizeClass >>> 2);
}

interface Chunk {
  readonly first: number;
  readonly count: number;
}

/** What this participant knows of the cells of one size. */
interface SizeClass {
  readonly cellBytes: number;
  readonly chunks: Chunk[];
  /** Where the next search begins. */
  chunk: number;
  cell: number;
  /** Cells that this participant has freed, the oldest first. */
  readonly freed: number[];
}

/** What the cells are used for, which tells what is free. */
export interface CellUses {
  /** True if a bucket refers to a cell in a use. */
  refersTo(bucket: number, cell: number, use: number): boolean;
  /** Removes what has expired. */
  removeExpired(): void;
}

/** The cells of one segment. */
export class Cells {
  readonly #attachment: Attachment;
  readonly #uses: CellUses;
  readonly #classes = new Map<number, SizeClass>();
  /** Entries of the table of chunks that were read. */
  #knownChunks = 0;
  #isGrowing = false;

  constructor(attachment: Attachment, uses: CellUses) {
    this.#attachment = attachment;
    this.#uses = uses;
    attachment.ring.openCells(attachment.index);
  }

  /**
   * Claims a cell with room for so many bytes; returns its offset.
   *
   * @throws {ShmConnectionError} if there is no space for it
   */
  claim(bytes: number): number {
    const number = sizeClassOf(bytes);
    const size = this.#classOf(number);
    return this.#claimFreed(size) || this.#claimAny(size) || this.#claimNew(number, size);
  }

  /** Frees a cell that no bucket refers to in the given use. */
  free(cell: number, use: number, bytes: number): void {
    if (this.#attachment.ring.freeCell(cell, use) === 0) return;
    const { freed } = this.#classOf(sizeClassOf(bytes));
    if (freed.length < MAX_RESTING_CELLS) freed.push(cell);
  }

  /** The present use of a cell. */
  useOf(cell: number): number {
    return Atomics.load(this.#attachment.words, (cell + layout.CELL_STATE + 4) >>> 2) >>> 0;
  }

  #classOf(number: number): SizeClass {
    let size = this.#classes.get(number);
    if (size === undefined) {
      size = { cellBytes: cellBytesOf(number), chunks: [], chunk: 0, cell: 0, freed: [] };
      this.#classes.set(number, size);
    }
    return size;
  }

  #claimFreed({ freed }: SizeClass): number {
    while (freed.length > RESTING_CELLS) {
      const cell = freed.shift()!;
      if (this.#attachment.ring.claimCell(cell) !== 0) return cell;
    }
    return 0;
  }

  /** Searches all chunks once, from where the last search ended; 0 if no cell is free. */
  #claimAny(size: SizeClass): number {
    for (let step = 0; step <= size.chunks.length; step++) {
      const chunk = size.chunks[size.chunk];
      if (chunk === undefined) return 0;
      const cell = this.#claimIn(chunk, size);
      if (cell !== 0) return cell;
      size.cell = 0;
      size.chunk = (size.chunk + 1) % size.chunks.length;
    }
    return 0;
  }

  #claimIn({ first, count }: Chunk, size: SizeClass): number {
    const { ring, words } = this.#attachment;
    while (size.cell < count) {
      const cell = first + size.cell++ * size.cellBytes;
      if ((words[cell >>> 2] & 0xff) === layout.CELL_FREE && ring.claimCell(cell) !== 0) {
        return cell;
      }
    }
    return 0;
  }

  /** Looks for chunks of other participants, for what has expired and for garbage, then adds a chunk. */
  #claimNew(number: number, size: SizeClass): number {
    this.#readTable();
    const found = this.#claimAny(size);
    if (found !== 0) return found;
    if (!this.#isGrowing) {
      this.#isGrowing = true;
      try {
        this.#attachment.reclaimDead();
        this.#uses.removeExpired();
        this.#collect(size);
      } finally {
        this.#isGrowing = false;
      }
    }
    return this.#claimAny(size) || this.#claimInNewChunk(number, size);
  }

  /** Frees the cells of a size that dead writers had claimed, or had replaced and not freed. */
  #collect({ chunks, cellBytes }: SizeClass): void {
    for (const { first, count } of chunks) {
      for (let i = 0; i < count; i++) this.#freeGarbage(first + i * cellBytes);
    }
  }

  #freeGarbage(cell: number): void {
    const { words, words64, ring } = this.#attachment;
    const state = Atomics.load(words64, cell >>> 3);
    const use = Number(BigInt.asUintN(32, state >> 32n));
    const low = Number(BigInt.asUintN(32, state));
    const status = low & 0xff;
    if (status === layout.CELL_FREE || (status === layout.CELL_WRITING && this.#isWritten(low))) {
      return;
    }
    const bucket = words[(cell + layout.CELL_BUCKET) >>> 2];
    if (!this.#uses.refersTo(bucket, cell, use)) ring.freeCell(cell, use);
  }

  /** True if the participant that fills a cell is alive. */
  #isWritten(low: number): boolean {
    const index = (low >>> 8) & 0xff;
    const isOwner = (this.#attachment.generationOf(index) & 0xffff) === low >>> 16;
    return isOwner && this.#attachment.isParticipantAlive(index);
  }

  /** Learns of chunks that other participants have added. */
  #readTable(): void {
    const { words64 } = this.#attachment;
    for (; this.#knownChunks < layout.MAX_CHUNKS; this.#knownChunks++) {
      const word = Atomics.load(words64, this.#entryOf(this.#knownChunks) >>> 3);
      if (word === 0n) return;
      this.#learn(valueOfChecked(BigInt.asUintN(64, word)));
    }
  }

  #entryOf(index: number): number {
    return layout.INDEX_CHUNKS + index * 8;
  }

  #learn(word: number | undefined): void {
    if (word === undefined || !this.#isMapped(word, layout.CHUNK_CELLS)) throw this.#damaged();
    const cells = Atomics.load(this.#attachment.words64, word >>> 3);
    const contents = valueOfChecked(BigInt.asUintN(64, cells)) ?? 0;
    const count = contents % layout.CHUNK_CLASS;
    const size = this.#classOf(Math.floor(contents / layout.CHUNK_CLASS));
    const first = word + layout.CHUNK_CELLS;
    if (count === 0 || !this.#isMapped(first, count * size.cellBytes)) throw this.#damaged();
    size.chunk = size.chunks.push({ first, count }) - 1;
    size.cell = 0;
  }

  #isMapped(offset: number, bytes: number): boolean {
    this.#attachment.mapAll();
    return offset + bytes <= this.#attachment.sharedMemory.mappedBytes;
  }

  #damaged(): Error {
    return this.#attachment.corruption("its table of chunks was overwritten");
  }

  #claimInNewChunk(number: number, size: SizeClass): number {
    this.#addChunk(number, size);
    const cell = this.#claimAny(size);
    // Others can have taken all cells of the new chunk.
    return cell || this.#claimNew(number, size);
  }

  #addChunk(number: number, { cellBytes, chunks }: SizeClass): void {
    const { ring } = this.#attachment;
    const wanted = Math.max(
      Math.min(FIRST_CHUNK_BYTES * 2 ** Math.min(chunks.length, 20), MAX_CHUNK_BYTES),
      layout.CHUNK_CELLS + LEAST_CELLS * cellBytes,
    );
    const least = layout.CHUNK_CELLS + cellBytes;
    const region = this.#attachment.allocateBetween(least, wanted);
    const bytes = roundUp(region.bytes, PAGE_BYTES);
    const count = Math.floor((bytes - layout.CHUNK_CELLS) / cellBytes);
    const contents = count + number * layout.CHUNK_CLASS;
    for (let index = this.#knownChunks; index < layout.MAX_CHUNKS; index++) {
      if (ring.addChunk(this.#entryOf(index), region.offset, contents) !== 0) {
        return this.#readTable();
      }
    }
    throw new ShmConnectionError(`it has ${layout.MAX_CHUNKS} chunks, which is the limit`);
  }
}
