/**
 * A map with a default value.
 *
 * @module
 */

/** Values by key. The first use of a key creates its value. */
export class DefaultMap<T> {
  readonly #items = new Map<string, T>();
  readonly #create: () => T;

  /** @param create makes the value of a new key */
  constructor(create: () => T) {
    this.#create = create;
  }

  /** The value of a key, created if there is none. */
  getOrCreate(key: string): T {
    let item = this.#items.get(key);
    if (item === undefined) this.#items.set(key, item = this.#create());
    return item;
  }

  /** The value of a key, or undefined. */
  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  /** Removes a key with its value. */
  delete(key: string): void {
    this.#items.delete(key);
  }
}
