/**
 * What was decoded before: a value that has not changed is not decoded again.
 *
 * @module
 */

/** Values of more bytes are decoded at each read. */
export const MAX_CACHED_BYTES = 4096;
/** Most bytes of all values that are kept, and what each entry counts in addition. */
const MAX_BYTES = 16 * 1024 * 1024;
const ENTRY_BYTES = 128;

/** The value of a key, or that it has none, while its bucket has a version. */
export interface CachedValue {
  /** Where the version of the bucket is among the words. */
  readonly versionAt: number;
  readonly version: number;
  readonly exists: boolean;
  readonly value: unknown;
  /** Infinite without a time to live. */
  readonly expiresMs: number;
  readonly byteLength: number;
}

/** The values that one participant has read, the oldest of which make room for others. */
export class ReadCache {
  readonly #values = new Map<string, CachedValue>();
  #bytes = 0;

  get(key: string): CachedValue | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: CachedValue): void {
    const old = this.#values.get(key);
    this.#values.set(key, value);
    this.#bytes += value.byteLength - (old?.byteLength ?? -ENTRY_BYTES);
    while (this.#bytes > MAX_BYTES) this.delete(this.#values.keys().next().value!);
  }

  delete(key: string): void {
    const old = this.#values.get(key);
    if (old === undefined) return;
    this.#values.delete(key);
    this.#bytes -= old.byteLength + ENTRY_BYTES;
  }
}
