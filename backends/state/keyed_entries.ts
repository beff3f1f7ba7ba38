/**
 * Entries by their names, and how long the names are together.
 *
 * @module
 */

import { TextMap } from "../../lib/base/text_map.ts";

/** A map that counts the characters of its keys. */
export class KeyedEntries<T> extends TextMap<T> {
  #characters = 0;

  /** Characters of all keys. */
  get characters(): number {
    return this.#characters;
  }

  /** Adds or replaces an entry. */
  override set(key: string, entry: T): void {
    const before = this.size;
    super.set(key, entry);
    if (this.size !== before) this.#characters += key.length;
  }

  /** Deletes an entry; false if there was none. */
  override delete(key: string): boolean {
    const wasDeleted = super.delete(key);
    if (wasDeleted) this.#characters -= key.length;
    return wasDeleted;
  }

  /** Deletes all entries. */
  override clear(): void {
    super.clear();
    this.#characters = 0;
  }
}
