/**
 * Latest values: keys with values that any number of processes or workers set and read.
 *
 * @module
 */

import { checkNoMore, shorten } from "../base/checks.ts";
import { clockOf } from "../base/clock.ts";
import { checkClock } from "../base/clock_option.ts";
import { ShmClosedError, ShmConnectionError } from "../base/errors.ts";
import { fnv1a } from "../base/hash.ts";
import { abortSignal, directoryPath, flag, positiveMs, text } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";
import { formatValue } from "../base/options.ts";
import { runAll } from "../base/run_all.ts";
import { messageOf } from "../base/thrown.ts";
import { Attachment } from "../channel/attachment.ts";
import { chooseCodec, UNCHOSEN_CODEC } from "../channel/codec_choice.ts";
import { LATEST_CAPACITY_BYTES } from "../channel/open.ts";
import { AsyncWaitQueue } from "../channel/wait.ts";
import { type CodecName, resolveCodec } from "../codecs/builtin.ts";
import { register, unregister } from "../presence/exit_hooks.ts";
import { checkLabel } from "../segment/label.ts";
import { isLocalHandle, type LocalHandle } from "../segment/worker_memory.ts";
import { type Bucket, Buckets, type CellHeader, type Look } from "./buckets.ts";
import { type CachedValue, MAX_CACHED_BYTES, ReadCache } from "./cache.ts";
import type { LatestChange } from "./changes.ts";
import { LatestClock } from "./clock.ts";
import type {
  LatestOptions,
  LatestSetOptions,
  LatestWatchOptions,
  LatestWatchTarget,
} from "./options.ts";
import { decodeValue, encodeValue } from "./value.ts";
import type { Watched } from "./watch.ts";
import {
  BUCKETS,
  HEADER_STATUS,
  INDEX_HAS_TTL,
  STATUS_OPEN,
  WAITERS_RECEIVERS,
} from "../../wasm/layout.ts";

/** Longest key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;
/** Longest value, in bytes, as its codec encodes it. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024;
/** Longest time to live: 100 years. */
const MAX_TTL_MS = 3_155_760_000_000;

const OPTIONS = new OptionRules<LatestOptions>("new Latest()", {
  codec: (_name, value) => resolveCodec(value as CodecName),
  dir: directoryPath,
  persist: flag,
  clock: checkClock,
  label: checkLabel,
}, { capacityBytes: "latest values take the space that they need" });

const ttl = (name: string, value: unknown): number => {
  const ttlMs = positiveMs(name, value);
  if (ttlMs <= MAX_TTL_MS) return ttlMs;
  throw new RangeError(`${name} must be at most ${MAX_TTL_MS} (100 years), not ${ttlMs}`);
};
const NO_SECONDS = { ttlSeconds: "pass ttlMs, in milliseconds" };
const SET_OPTIONS = new OptionRules<LatestSetOptions>("set()", { ttlMs: ttl }, NO_SECONDS);
const UPDATE_OPTIONS = new OptionRules<LatestSetOptions>("update()", { ttlMs: ttl }, NO_SECONDS);
const TARGET_OPTIONS = new OptionRules<Exclude<LatestWatchTarget, string>>("watch()", {
  prefix: text,
});
const WATCH_OPTIONS = new OptionRules<LatestWatchOptions>("watch()", { signal: abortSignal });

/** A key, and where it belongs. */
interface Key {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly bucket: number;
}

/** What a key has: a value that has not expired. */
interface Found {
  readonly header: CellHeader;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Keys with values that any number of processes or workers set and read: of each key only the latest value
 * counts. A read finds a whole value, the old one or the new one; no writer that is slow, stopped or killed
 * delays it. Any participant may set any key.
 *
 * Without `persist` the values live as long as one participant is attached. Keys have up to 1,024 bytes, and
 * a value up to 16 MiB; all of them together have up to 4 GiB.
 *
 * Costs: a read of a small value that has not changed since the last one takes tens of nanoseconds and
 * decodes nothing, and gives the same object again: do not change it. Other reads cost a copy and the codec,
 * and a `set` about a microsecond more. Not safe to share between workers: each opens its own.
 *
 * @example
 * ```ts
 * import { Latest, LocalChannel } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * // worker.postMessage(channel.handle);
 * using latest = new Latest<{ x: number }>(channel.handle);
 * latest.set("arm", { x: 1 });
 * latest.update("arm", (arm) => ({ x: arm!.x + 1 }));
 * console.log(latest.get("arm")); // { x: 2 }
 * ```
 */
export class Latest<T = unknown> implements Disposable, AsyncDisposable {
  readonly #attachment: Attachment;
  readonly #clock: { now(): number };
  readonly #buckets: Buckets;
  readonly #cache = new ReadCache();
  #waits: AsyncWaitQueue | undefined;

  /**
   * Attaches to latest values, creating them if they are new.
   *
   * @throws {ShmConnectionError} if the kind or the codec conflicts, or there is no space
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: LatestOptions) {
    OPTIONS.check(options, arguments[2]);
    const isLocal = isLocalHandle(target);
    const all = { ...options, capacityBytes: LATEST_CAPACITY_BYTES };
    this.#attachment = new Attachment(target, "latest", "member", all);
    const clock = options?.clock;
    this.#clock = clock === undefined ? new LatestClock(this.#attachment, isLocal) : clockOf(clock);
    this.#buckets = new Buckets(this.#attachment, () => this.#clock.now());
    if (!isLocal) register(this);
  }

  /** Name of the values. */
  get name(): string {
    return this.#attachment.name;
  }

  /** True once this participant is closed. */
  get closed(): boolean {
    return this.#attachment.isClosed;
  }

  /**
   * The value of a key; undefined if it has none. A small value that has not changed is the same object at
   * each call.
   *
   * @throws {TypeError} if the key is no well-formed text of 1 to 1,024 bytes
   * @throws {ShmSerializationError} if the value cannot be decoded
   * @throws {ShmCorruptionError} if the segment is damaged
   * @throws {ShmClosedError} if this participant is closed
   */
  get(key: string): T | undefined {
    if (arguments.length > 1) checkNoMore("get()", arguments, 1);
    const cached = this.#cached(key);
    return (cached ?? this.#read(key)).value as T | undefined;
  }

  /** True if a key has a value, which may be `undefined`. */
  has(key: string): boolean {
    if (arguments.length > 1) checkNoMore("has()", arguments, 1);
    const cached = this.#cached(key);
    return (cached ?? this.#read(key)).exists;
  }

  /** What was read before, if it is still right. */
  #cached(key: string): CachedValue | undefined {
    const { isUsable, words } = this.#attachment;
    if (!isUsable || words[HEADER_STATUS >>> 2] !== STATUS_OPEN) this.#attachment.checkOpen();
    const cached = this.#cache.get(key);
    if (cached === undefined) return undefined;
    if (Atomics.load(words, cached.versionAt) !== cached.version) return undefined;
    if (cached.expiresMs !== Infinity && cached.expiresMs <= this.#clock.now()) return undefined;
    return cached;
  }

  #read(text: string): CachedValue {
    const key = keyOf(text);
    const [{ version }, found] = this.#find(key);
    const cached: CachedValue = {
      versionAt: (Buckets.offsetOf(key.bucket) >>> 2) + 1,
      version: version | 0,
      exists: found !== undefined,
      value: found && this.#decode(text, found),
      expiresMs: found?.header.expiresMs ?? Infinity,
      byteLength: found?.bytes.length ?? 0,
    };
    if (cached.byteLength <= MAX_CACHED_BYTES) this.#cache.set(text, cached);
    else this.#cache.delete(text);
    return cached;
  }

  #decode(key: string, { header, bytes }: Found): unknown {
    this.#attachment.learnCodec();
    return decodeValue(this.#attachment, key, bytes, header.flags);
  }

  /** What a key has, and its bucket at that moment. */
  #find(key: Key): [Bucket, Found | undefined] {
    while (true) {
      const { bucket, own } = this.#buckets.look(key.bucket, key.bytes);
      if (own === undefined || this.#isExpired(own)) return [bucket, undefined];
      const bytes = this.#buckets.valueOf(own);
      if (bytes !== undefined) return [bucket, { header: own, bytes }];
    }
  }

  #isExpired({ expiresMs }: CellHeader): boolean {
    return expiresMs !== Infinity && expiresMs <= this.#clock.now();
  }

  /**
   * Sets the value of a key. When this returns, all others read it.
   *
   * @throws {TypeError} if the key is no well-formed text of 1 to 1,024 bytes
   * @throws {RangeError} if the value has more than 16 MiB
   * @throws {ShmSerializationError} if the value cannot be encoded
   * @throws {ShmConnectionError} if there is no space; the key keeps its value
   * @throws {ShmClosedError} if this participant is closed
   */
  set(key: string, value: T, options?: LatestSetOptions): void {
    SET_OPTIONS.check(options, arguments[3]);
    const target = keyOf(key);
    const cell = this.#write(target, value, options?.ttlMs);
    this.#publish(cell, () => this.#buckets.look(target.bucket, target.bytes));
  }

  /**
   * Replaces the value of a key by one that is computed from it. If another participant changes the key
   * meanwhile, `compute` is called again with the new value.
   *
   * @param compute gets the value, undefined if the key has none, and returns another one; it does not
   * change the value that it gets
   * @returns the value that was set
   * @throws {TypeError} if `compute` is no function, or returns a promise
   * @throws what `compute` throws, and what `set` throws; the key keeps its value
   */
  update(key: string, compute: (value: T | undefined) => T, options?: LatestSetOptions): T {
    UPDATE_OPTIONS.check(options, arguments[3]);
    if (typeof compute !== "function") {
      throw new TypeError(`update() takes a function, not ${formatValue(compute)}`);
    }
    const target = keyOf(key);
    while (true) {
      this.#checkReady();
      const [, found] = this.#find(target);
      const next = compute(found && this.#decode(key, found) as T);
      checkNoPromise(next);
      const cell = this.#write(target, next, options?.ttlMs);
      const isSet = this.#publish(cell, () => this.#lookIfSame(target, found?.header));
      if (isSet) return next;
    }
  }

  /** The bucket of a key, if the key still has what was found. */
  #lookIfSame({ bucket, bytes }: Key, found: CellHeader | undefined): Look | undefined {
    const look = this.#buckets.look(bucket, bytes);
    const own = look.own !== undefined && this.#isExpired(look.own) ? undefined : look.own;
    return own?.cell === found?.cell && own?.use === found?.use ? look : undefined;
  }

  /**
   * Removes the value of a key.
   *
   * @returns false if it had none
   */
  delete(key: string): boolean {
    if (arguments.length > 1) checkNoMore("delete()", arguments, 1);
    const { bucket, bytes } = keyOf(key);
    this.#checkReady();
    while (true) {
      const look = this.#buckets.look(bucket, bytes);
      if (look.own === undefined) return false;
      const isThere = !this.#isExpired(look.own);
      if (!this.#replace(look, undefined)) continue;
      if (isThere) this.#attachment.wakeAll(WAITERS_RECEIVERS);
      return isThere;
    }
  }

  /** Puts a cell into its bucket, unless `look` finds that it should not: then it is free. */
  #publish(cell: CellHeader, look: () => Look | undefined): boolean {
    let isPublished = false;
    try {
      for (let found = look(); found !== undefined && !isPublished;) {
        isPublished = this.#replace(found, cell);
        if (!isPublished) found = look();
      }
    } finally {
      if (!isPublished) this.#buckets.free(cell);
    }
    if (isPublished) this.#attachment.wakeAll(WAITERS_RECEIVERS);
    return isPublished;
  }

  #replace({ bucket, own }: Look, cell: CellHeader | undefined): boolean {
    return this.#inSpace(() => this.#buckets.tryReplace(bucket, own, cell));
  }

  /** Fills a cell with a value. */
  #write({ text, bytes: key, bucket }: Key, value: unknown, ttlMs: number | undefined): CellHeader {
    this.#checkReady();
    this.#chooseCodec();
    const { bytes, flags } = encodeValue(this.#attachment, text, value);
    // A getter of the value, or a codec of the program, may have closed this participant.
    this.#checkReady();
    if (bytes.length > MAX_VALUE_BYTES) {
      throw new RangeError(
        `cannot set ${shorten(text)} of "${this.name}": its value has ${bytes.length} bytes, and ` +
          `a value has at most ${MAX_VALUE_BYTES}; split it over several keys`,
      );
    }
    if (ttlMs !== undefined) Atomics.store(this.#attachment.words, INDEX_HAS_TTL >>> 2, 1);
    const expiresMs = ttlMs === undefined ? Infinity : this.#clock.now() + ttlMs;
    return this.#inSpace(() => this.#buckets.write({ bucket, key, bytes, flags, expiresMs }));
  }

  #chooseCodec(): void {
    if (this.#attachment.codec !== UNCHOSEN_CODEC) return;
    chooseCodec(this.#attachment, resolveCodec(undefined).id);
    this.#attachment.learnCodec();
  }

  #inSpace<R>(action: () => R): R {
    try {
      return action();
    } catch (cause) {
      if (!(cause instanceof ShmConnectionError)) throw cause;
      throw new ShmConnectionError(
        `cannot store a value in "${this.name}": there is no space for it (${messageOf(cause)}); ` +
          `delete keys, store smaller values, or use several names`,
        { cause },
      );
    }
  }

  #checkReady(): void {
    const { isUsable, words } = this.#attachment;
    if (!isUsable || words[HEADER_STATUS >>> 2] !== STATUS_OPEN) this.#attachment.checkOpen();
  }

  /**
   * The keys with their values, in no order. Each pair is as it was at some moment of the iteration: what
   * others set meanwhile may be in it or not.
   */
  entries(): Generator<[key: string, value: T], void, void> {
    checkNoMore("entries()", arguments, 0);
    return this.#entries();
  }

  *#entries(): Generator<[key: string, value: T], void, void> {
    for (const index of this.#usedBuckets()) {
      for (const [key, found] of this.#foundIn(index)) yield [key, this.#decode(key, found) as T];
    }
  }

  /** The keys that have a value, in no order. */
  keys(): Generator<string, void, void> {
    checkNoMore("keys()", arguments, 0);
    return this.#keys();
  }

  *#keys(): Generator<string, void, void> {
    for (const index of this.#usedBuckets()) {
      for (const [key] of this.#keysIn(index)) yield key;
    }
  }

  *#usedBuckets(): Generator<number, void, void> {
    for (let index = 0; index < BUCKETS; index++) {
      this.#checkReady();
      if (this.#attachment.words[Buckets.offsetOf(index) >>> 2] !== 0) yield index;
    }
  }

  /** The keys of a bucket that have a value. */
  #keysIn(index: number): [string, CellHeader][] {
    while (true) {
      const keys = this.#buckets.headersOf(index).map((header) => {
        const bytes = this.#buckets.keyOf(header);
        return bytes && [DECODER.decode(bytes), header] as [string, CellHeader];
      });
      if (keys.every((one) => one !== undefined)) {
        return keys.filter(([, header]) => !this.#isExpired(header));
      }
    }
  }

  #foundIn(index: number): [string, Found][] {
    while (true) {
      const found = this.#keysIn(index).map(([key, header]) => {
        const bytes = this.#buckets.valueOf(header);
        return bytes && [key, { header, bytes }] as [string, Found];
      });
      if (found.every((one) => one !== undefined)) return found;
    }
  }

  /**
   * Watches a key, or all keys that begin with a prefix: first the values that they have, then each change.
   * Who is slower than the changes gets the latest value of each key and not those in between. The iteration
   * ends when the signal is aborted or this participant is closed.
   *
   * @throws {TypeError} if the key is no well-formed text of 1 to 1,024 bytes
   * @throws {ShmSerializationError} if a value cannot be decoded
   *
   * @example
   * ```ts
   * import { Latest, LocalChannel } from "@ringbus/ringbus";
   *
   * using channel = LocalChannel.create();
   * using latest = new Latest<number>(channel.handle);
   * latest.set("arm.x", 1);
   * for await (const { key, value } of latest.watch({ prefix: "arm." })) {
   *   console.log(key, value); // arm.x 1
   *   break;
   * }
   * ```
   */
  watch(
    target: LatestWatchTarget,
    options?: LatestWatchOptions,
  ): AsyncGenerator<LatestChange<T>, void, void> {
    WATCH_OPTIONS.check(options, arguments[2]);
    const isPrefix = typeof target === "object" && target !== null;
    if (isPrefix) TARGET_OPTIONS.check(target);
    const prefix = isPrefix ? checkPrefix(target.prefix) : undefined;
    const bucket = prefix === undefined ? keyOf(target as string).bucket : undefined;
    this.#checkReady();
    return this.#watch({ key: target as string, prefix, bucket }, options?.signal);
  }

  async *#watch(
    watched: Watched,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<LatestChange<T>, void, void> {
    const waits = this.#openWaits();
    const { watchChanges } = await import("./watch.ts");
    yield* watchChanges<T>(
      {
        waits,
        words: () => this.#attachment.words,
        nowMs: () => this.#clock.now(),
        keysIn: (bucket) => this.#keysIn(bucket),
        find: (key) => {
          const [, found] = this.#find(keyOf(key));
          return found && [found.header, this.#decode(key, found) as T];
        },
      },
      watched,
      signal,
    );
  }

  /** All watches of this participant wait as one. */
  #openWaits(): AsyncWaitQueue {
    this.#checkReady();
    return this.#waits ??= new AsyncWaitQueue({
      attachment: this.#attachment,
      side: WAITERS_RECEIVERS,
      evictStalled: () => {},
      waitBoundMs: () => Infinity,
      poll: () => true,
    });
  }

  /** Detaches; watches end. Closing twice does nothing. */
  close(): void {
    if (this.#attachment.isClosed) return;
    const error = new ShmClosedError(`cannot watch "${this.name}": it was closed`);
    runAll(
      () => this.#waits?.rejectAll(error),
      () => this.#attachment.close(),
      () => unregister(this),
    );
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return `Latest { name: ${JSON.stringify(this.name)}, closed: ${this.closed} }`;
  }

  /** Detaches at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Detaches at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Checks a key, and finds its bucket. */
function keyOf(text: string): Key {
  const isText = typeof text === "string" && text !== "" && text.isWellFormed();
  const bytes = isText ? ENCODER.encode(text) : undefined;
  if (bytes !== undefined && bytes.length <= MAX_KEY_BYTES) {
    return { text, bytes, bucket: fnv1a(bytes) % BUCKETS };
  }
  throw new TypeError(
    `a key must be well-formed text of 1 to ${MAX_KEY_BYTES} bytes, not ${shorten(text)}`,
  );
}

function checkPrefix(prefix: unknown): string {
  if (typeof prefix === "string") return prefix;
  throw new TypeError(`prefix must be a string, not ${formatValue(prefix)}`);
}

function checkNoPromise(value: unknown): void {
  if (!(value instanceof Promise)) return;
  // Nobody else handles it.
  value.catch(() => {});
  throw new TypeError(
    "update() takes a function that returns the value, not a promise of it: compute what takes " +
      "time before the call",
  );
}
