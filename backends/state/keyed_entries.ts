/**
 * Entries by their names, and how long the names are together.
 *
 * @module
 */

import { TextMap } from "../../lib/base/text_map.ts";

/** An entry with the bytes that it takes. */
export interface SizedEntry {
  readonly bytes: number;
}

/** A map that counts the characters of its keys, and the bytes of its entries. */
export class KeyedEntries<T extends SizedEntry> extends TextMap<T> {
  #characters = 0;
  #bytes = 0;

  /** Characters of all keys. */
  get characters(): number {
    return this.#characters;
  }

  /** Bytes of all entries. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts more bytes of an entry that is in the map. */
  addBytes(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Adds or replaces an entry. */
  override set(key: string, entry: T): void {
    this.delete(key);
    super.set(key, entry);
    this.#characters += key.length;
    this.#bytes += entry.bytes;
  }

  /** Deletes an entry; false if there was none. */
  override delete(key: string): boolean {
    const entry = this.get(key);
    if (entry === undefined) return false;
    this.#characters -= key.length;
    this.#bytes -= entry.bytes;
    return super.delete(key);
  }

  /** Deletes all entries. */
  override clear(): void {
    super.clear();
    this.#characters = this.#bytes = 0;
  }
}
