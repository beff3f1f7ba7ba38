/**
 * The options of latest values, in a module that no program loads.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { CodecName } from "../codecs/builtin.ts";
import type { Codec } from "../codecs/codec.ts";

/** Options of latest values. */
export interface LatestOptions {
  /**
   * How values become bytes. Default: that of those who are attached. The first that sets a value or that
   * names a codec chooses it; one that names none chooses `"msgpack"`.
   */
  codec?: CodecName | Codec | undefined;
  /** Directory of the segment. Default: `RINGBUS_DIR`, or the user's own directory. */
  dir?: string | undefined;
  /**
   * Keeps the values when the last participant closes. One participant that sets it is enough. Default: false.
   */
  persist?: boolean | undefined;
  /**
   * The time by which values expire, such as a `SteppableClock` of a test. All who attach need the same. Default:
   * a clock that all processes share, and that no change of the wall clock moves.
   */
  clock?: Clock | (() => number) | undefined;
  /**
   * A name for this participant, for people who look: `listChannels()`, `watchChannels()` and `ringbus who`
   * show it. 1 to 40 bytes of UTF-8. Default: none.
   */
  label?: string | undefined;
}

/** Options of `set` and `update`. */
export interface LatestSetOptions {
  /** Milliseconds after which the key has no value any more, more than 0. Default: it stays. */
  ttlMs?: number | undefined;
}

/** Options of `watch`. */
export interface LatestWatchOptions {
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
}

/** What `watch` watches: a key, or all keys that begin with a text. */
export type LatestWatchTarget = string | {
  /** How the keys begin; `""` for all keys. */
  readonly prefix: string;
};
