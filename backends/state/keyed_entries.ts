/**
 * Entries by their names, and how long the names are together.
 *
 * @module
 */

/** A map that counts the characters of its keys. */
export class KeyedEntries<T> extends Map<string, T> {
  #characters = 0;

  /** Characters of all keys. */
  get characters(): number {
    return this.#characters;
  }

  /** Adds or replaces an entry. */
  override set(key: string, entry: T): this {
    const before = this.size;
    super.set(key, entry);
    if (this.size !== before) this.#characters += key.length;
    return this;
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
