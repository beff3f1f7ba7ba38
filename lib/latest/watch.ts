/**
 * Watching keys: which of them have changed since they were reported last.
 *
 * @module
 */

import { ShmClosedError } from "../base/errors.ts";
import { NONE, type None } from "../base/none.ts";
import type { AsyncWaitQueue } from "../channel/wait.ts";
import { Buckets, type CellHeader } from "./buckets.ts";
import type { LatestChange } from "./changes.ts";
import { BUCKETS, INDEX_CHANGES } from "../../wasm/layout.ts";

/** Milliseconds after which all buckets are looked at again, though no change was counted: a writer may die. */
const UNCOUNTED_MS = 50;

/** What is watched: one key in its bucket, or all keys with a prefix. */
export interface Watched {
  readonly key: string;
  readonly prefix: string | undefined;
  readonly bucket: number | undefined;
}

/** What a watch reads. */
export interface WatchSource<T> {
  readonly waits: AsyncWaitQueue;
  words(): Int32Array;
  nowMs(): number;
  /** The keys of a bucket that have a value. */
  keysIn(bucket: number): [string, CellHeader][];
  /** What a key has. */
  find(key: string): [CellHeader, T] | undefined;
}

/** Reports what the keys have, and then each change, until the signal or the end of the participant. */
export async function* watchChanges<T>(
  source: WatchSource<T>,
  watched: Watched,
  signal: AbortSignal | undefined,
): AsyncGenerator<LatestChange<T>, void, void> {
  const watch = new Watch(source, watched);
  while (!signal?.aborted) {
    let change: LatestChange<T> | None;
    try {
      change = await source.waits.wait(() => watch.next(), { signal });
    } catch (error) {
      if (signal?.aborted || error instanceof ShmClosedError) return;
      throw error;
    }
    if (change !== NONE) yield change;
  }
}

/** The keys of a bucket that were reported, each with the cell that had its value. */
type Reported = Map<string, CellHeader>;

class Watch<T> {
  readonly #source: WatchSource<T>;
  readonly #watched: Watched;
  readonly #first: number;
  /** The versions of the buckets when they were looked at last. */
  readonly #versions: Int32Array;
  readonly #reported = new Map<number, Reported>();
  /** Keys that have changed, with their buckets. */
  readonly #changed = new Map<string, number>();
  #changes: number | undefined;
  #lookedAtMs = 0;
  #nextExpiryMs = Infinity;

  constructor(source: WatchSource<T>, watched: Watched) {
    this.#source = source;
    this.#watched = watched;
    this.#first = watched.bucket ?? 0;
    this.#versions = new Int32Array(watched.bucket === undefined ? BUCKETS : 1);
  }

  /** The next change, if there is one. */
  next(): LatestChange<T> | None {
    if (this.#changed.size === 0) this.#look();
    for (const [key, bucket] of this.#changed) {
      this.#changed.delete(key);
      const change = this.#report(key, bucket);
      if (change !== undefined) return change;
    }
    return NONE;
  }

  /** Finds the keys that have changed. */
  #look(): void {
    const nowMs = performance.now();
    const changes = Atomics.load(this.#source.words(), INDEX_CHANGES >>> 2);
    if (changes !== this.#changes || nowMs - this.#lookedAtMs >= UNCOUNTED_MS) {
      this.#changes = changes;
      this.#lookedAtMs = nowMs;
      for (let i = 0; i < this.#versions.length; i++) this.#lookAt(i);
    }
    if (this.#nextExpiryMs !== Infinity && this.#nextExpiryMs <= this.#source.nowMs()) {
      this.#findExpired();
    }
  }

  #lookAt(i: number): void {
    const bucket = this.#first + i;
    const version = Atomics.load(this.#source.words(), (Buckets.offsetOf(bucket) >>> 2) + 1);
    if (version === this.#versions[i]) return;
    const reported = this.#reported.get(bucket);
    const present = new Map(this.#source.keysIn(bucket).filter(([key]) => this.#isWatched(key)));
    for (const [key, header] of present) {
      if (!isSame(header, reported?.get(key))) this.#changed.set(key, bucket);
    }
    for (const key of reported?.keys() ?? []) {
      if (!present.has(key)) this.#changed.set(key, bucket);
    }
    this.#versions[i] = version;
  }

  #isWatched(key: string): boolean {
    const { prefix } = this.#watched;
    return prefix === undefined ? key === this.#watched.key : key.startsWith(prefix);
  }

  #findExpired(): void {
    const nowMs = this.#source.nowMs();
    this.#nextExpiryMs = Infinity;
    for (const [bucket, reported] of this.#reported) {
      for (const [key, { expiresMs }] of reported) {
        if (expiresMs <= nowMs) this.#changed.set(key, bucket);
        else this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiresMs);
      }
    }
  }

  /** What is to be said of a key that may have changed. */
  #report(key: string, bucket: number): LatestChange<T> | undefined {
    let reported = this.#reported.get(bucket);
    if (reported === undefined) this.#reported.set(bucket, reported = new Map());
    const found = this.#source.find(key);
    if (found === undefined) {
      return reported.delete(key) ? { key, value: undefined, isDeleted: true } : undefined;
    }
    const [header, value] = found;
    if (isSame(header, reported.get(key))) return undefined;
    reported.set(key, header);
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, header.expiresMs);
    return { key, value, isDeleted: false };
  }
}

function isSame(a: CellHeader, b: CellHeader | undefined): boolean {
  return a.cell === b?.cell && a.use === b.use;
}
