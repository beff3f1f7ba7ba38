/**
 * The numbered databases of a store. Most programs use the first one only, which is that of all protocols.
 *
 * @module
 */

import { Keyspace, type KeyspaceContext } from "./keyspace.ts";

/** Databases of a store, as in the configuration that Redis begins with. */
export const DATABASES = 16;

/** The databases. One is made when it is used first. */
export class Databases {
  readonly #context: KeyspaceContext;
  readonly #made: (Keyspace | undefined)[] = [];
  /** The first one. */
  readonly first: Keyspace;

  constructor(context: KeyspaceContext) {
    this.#context = context;
    this.first = this.#made[0] = new Keyspace(context);
  }

  /** The database with a number; undefined if there is none. */
  get(index: number): Keyspace | undefined {
    if (!Number.isInteger(index) || index < 0 || index >= DATABASES) return undefined;
    return this.#made[index] ??= new Keyspace(this.#context, index);
  }

  /** Those that were used. */
  get made(): readonly Keyspace[] {
    return this.#made.filter((keys) => keys !== undefined);
  }

  /** Number of keys. */
  get size(): number {
    return this.#made.reduce((sum, keys) => sum + (keys?.size ?? 0), 0);
  }

  /** Number of keys and hashes with fields that will expire. */
  get expiringCount(): number {
    return this.#made.reduce((sum, keys) => sum + (keys?.expiringCount ?? 0), 0);
  }

  /** Time of the next expiry; `Infinity` if there is none. */
  get nextExpiryMs(): number {
    return this.#made.reduce(
      (least, keys) => Math.min(least, keys?.nextExpiryMs ?? Infinity),
      Infinity,
    );
  }

  /** Removes what has expired. */
  removeExpired(nowMs: number): void {
    for (const keys of this.#made) keys?.removeExpired(nowMs);
  }

  /** Deletes all keys. */
  clear(): void {
    for (const keys of this.#made) keys?.clear();
  }
}
