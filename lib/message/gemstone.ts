/**
 * Message ids: 64 bits that sort by priority first, then by time.
 *
 *     bits 63-61  priority, 0 URGENT to 7 LOWEST
 *     bits 60-22  milliseconds since 2023-01-01T00:00:00Z
 *     bits 21-12  machine id
 *     bits 11-0   sequence within the millisecond
 *
 * @module
 */

import { callback } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";
import { RingbusError } from "../base/errors.ts";
import { checkInteger, checkNoMore } from "../base/checks.ts";
import { formatValue } from "../base/options.ts";

/** Urgency of a message: messages with a lower number are delivered first. */
export type Priority = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** The names of the priorities, from `URGENT` (0) to `LOWEST` (7). */
export const Priority: {
  /** 0, before all others. */
  readonly URGENT: 0;
  /** 1. */
  readonly IMPORTANT: 1;
  /** 2. */
  readonly HIGH: 2;
  /** 3. */
  readonly ABOVE_NORMAL: 3;
  /** 4, the default. */
  readonly NORMAL: 4;
  /** 5. */
  readonly LOW: 5;
  /** 6. */
  readonly VERY_LOW: 6;
  /** 7, after all others. */
  readonly LOWEST: 7;
} = Object.freeze({
  URGENT: 0,
  IMPORTANT: 1,
  HIGH: 2,
  ABOVE_NORMAL: 3,
  NORMAL: 4,
  LOW: 5,
  VERY_LOW: 6,
  LOWEST: 7,
});

/** Start of the time in ids, in milliseconds of the Unix epoch. */
export const GEMSTONE_EPOCH_MS: number = Date.UTC(2023, 0, 1);
/** The id of no message: what is later than it is everything, also messages with a time before 2023. */
export const BEGINNING_ID = 0n;
/** Largest message id. */
export const MAX_ID: bigint = 2n ** 64n - 1n;
/** No id has more digits. */
const MAX_ID_DIGITS = 20;
const DIGIT_0 = 0x30;
const HALF = 2 ** 32;

const MAX_ELAPSED_MS = 2 ** 39 - 1;
const MAX_MACHINE_ID = 255;
const MAX_SEQUENCE = 4095;
/** Longest wait for the clock to advance. */
const MAX_CLOCK_STALL_MS = 1000;

/** Priority in an id. */
export function priorityOf(id: bigint): Priority {
  return Number(id >> 61n) as Priority;
}

/** Time in an id, in whole milliseconds of the Unix epoch. */
export function timestampOf(id: bigint): number {
  return GEMSTONE_EPOCH_MS + Number((id >> 22n) & 0x7fffffffffn);
}

/** True for a message id, as a bigint or as a safe integer. */
export function isId(value: unknown): value is number | bigint {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0;
  return typeof value === "bigint" && value >= 0n && value <= MAX_ID;
}

/** An id in the making: `BigInt` of a text, and calculating with bigints, take ten times as long. */
const whole = new BigUint64Array(1);
const halves = new Uint32Array(whole.buffer);
/** Digits that are added at a time: more than these times 2^32 is no exact number. */
const DIGITS_AT_A_TIME = 6;

/** Returns the message id whose decimal digits a text has, or a part of it; or undefined. */
export function parseId(text: string, from = 0, to: number = text.length): bigint | undefined {
  if (to === from || to - from > MAX_ID_DIGITS) return undefined;
  let low = 0;
  let high = 0;
  for (let at = from; at < to;) {
    const end = Math.min(at + DIGITS_AT_A_TIME, to);
    let digits = 0;
    let scale = 1;
    for (; at < end; at++, scale *= 10) {
      const digit = text.charCodeAt(at) - DIGIT_0;
      if (!(digit >= 0 && digit <= 9)) return undefined;
      digits = digits * 10 + digit;
    }
    const sum = low * scale + digits;
    low = sum >>> 0;
    high = high * scale + Math.floor(sum / HALF);
    if (high >= HALF) return undefined;
  }
  halves[0] = low;
  halves[1] = high;
  return whole[0];
}

/**
 * Returns `id` if it is a message id.
 *
 * @throws {TypeError} if it is not a bigint
 * @throws {RangeError} if it is out of range
 */
export function checkId(id: unknown): bigint {
  if (typeof id !== "bigint") {
    throw new TypeError(`a message id must be a bigint, not ${formatValue(id)}`);
  }
  if (!isId(id)) {
    throw new RangeError(`a message id must be from 0 to 2^64 - 1, not ${formatValue(id)}`);
  }
  return id;
}

/**
 * A message id and its parts.
 *
 * @example
 * ```ts
 * import { GemstoneId, Priority } from "@ringbus/ringbus";
 *
 * const id = GemstoneId.fromInt(9737962806006804483n);
 * console.log(id.priority === Priority.NORMAL, id.machineId, id.toInt());
 * ```
 */
export class GemstoneId {
  readonly #id: bigint;

  private constructor(id: bigint) {
    this.#id = id;
  }

  /**
   * Returns the id with a number.
   *
   * @throws {TypeError} if it is not a bigint
   * @throws {RangeError} if it does not fit 64 bits
   */
  static fromInt(id: bigint): GemstoneId {
    return new GemstoneId(checkId(id));
  }

  /** The id as a number, as in messages. */
  toInt(): bigint {
    return this.#id;
  }

  /** Priority, 0 (`URGENT`) to 7 (`LOWEST`). */
  get priority(): Priority {
    return priorityOf(this.#id);
  }

  /** Time at which the id was made, in milliseconds of the Unix epoch. */
  get timestamp(): number {
    return timestampOf(this.#id);
  }

  /** Machine id of the generator that made it: 0 to 255 for the generators here. */
  get machineId(): number {
    return Number((this.#id >> 12n) & 0x3ffn);
  }

  /** Sequence number among the ids of one generator in one millisecond, 0 to 4095. */
  get sequenceNumber(): number {
    return Number(this.#id & 0xfffn);
  }

  /** The decimal digits of the id. */
  toString(): string {
    return this.#id.toString();
  }
}

/** An id cannot be made: the clock went backwards, has stopped, or is outside 2023 to 2040. */
export class GemstoneClockError extends RingbusError {
  /** The class name. */
  override name = "GemstoneClockError";
  /** Stable code of the class. */
  override readonly code: string = "gemstone-clock";
}

/** Options of a generator. */
export interface GemstoneGeneratorOptions {
  /** Returns milliseconds of the Unix epoch. Default: `Date.now`. */
  clock?: () => number;
}

const OPTIONS = new OptionRules<GemstoneGeneratorOptions>("new GemstoneGenerator()", {
  clock: callback,
});

/**
 * Makes message ids that never repeat, if each generator has a machine id of its own.
 *
 * A generator makes up to 4096 ids per millisecond. When they are used up, it blocks until the next
 * millisecond.
 *
 * @example
 * ```ts
 * import { GemstoneGenerator, Priority } from "@ringbus/ringbus";
 *
 * const generator = new GemstoneGenerator(1);
 * const normal = generator.getId();
 * const urgent = generator.getId(Priority.URGENT);
 * console.log(urgent.toInt() < normal.toInt()); // true
 * ```
 */
export class GemstoneGenerator {
  /** Machine id in all ids of this generator. */
  readonly machineId: number;
  readonly #clock: () => number;
  #lastMs = -Infinity;
  #sequence = 0;

  /**
   * Makes a generator.
   *
   * @throws {RangeError} if `machineId` is not a whole number from 0 to 255
   */
  constructor(machineId: number, options: GemstoneGeneratorOptions = {}) {
    checkNoMore("new GemstoneGenerator()", arguments, 2);
    this.machineId = checkInteger("machineId", machineId, 0, MAX_MACHINE_ID);
    OPTIONS.check(options);
    this.#clock = options.clock ?? Date.now;
  }

  /**
   * Makes the next id.
   *
   * @throws {RangeError} if the priority is not a whole number from 0 to 7
   * @throws {GemstoneClockError} if the clock went backwards, has stopped, or is out of range
   */
  getId(priority: Priority = Priority.NORMAL): GemstoneId {
    checkPriority(priority);
    let nowMs = this.#readClock();
    if (nowMs > this.#lastMs) this.#sequence = 0;
    else if (++this.#sequence > MAX_SEQUENCE) {
      nowMs = this.#nextMillisecond();
      this.#sequence = 0;
    }
    this.#lastMs = nowMs;
    return GemstoneId.fromInt(
      BigInt(priority) << 61n | BigInt(nowMs - GEMSTONE_EPOCH_MS) << 22n |
        BigInt(this.machineId << 12 | this.#sequence),
    );
  }

  #readClock(): number {
    const nowMs = Math.floor(this.#clock());
    if (nowMs < this.#lastMs) {
      throw new GemstoneClockError(
        `cannot make a message id: the clock went ${
          this.#lastMs - nowMs
        } ms backwards; wait until ` +
          "it has caught up, or use a generator with another machine id",
      );
    }
    const elapsedMs = nowMs - GEMSTONE_EPOCH_MS;
    if (!(elapsedMs >= 0 && elapsedMs <= MAX_ELAPSED_MS)) {
      throw new GemstoneClockError(
        `cannot make a message id: the clock is at ${nowMs} ms, and ids have times from ` +
          `${GEMSTONE_EPOCH_MS} to ${GEMSTONE_EPOCH_MS + MAX_ELAPSED_MS}; set the clock`,
      );
    }
    return nowMs;
  }

  #nextMillisecond(): number {
    const deadline = performance.now() + MAX_CLOCK_STALL_MS;
    for (;;) {
      const nowMs = this.#readClock();
      if (nowMs > this.#lastMs) return nowMs;
      if (performance.now() > deadline) {
        // The next call waits for the same millisecond again.
        this.#sequence = MAX_SEQUENCE;
        throw new GemstoneClockError(
          `cannot make a message id: all ${
            MAX_SEQUENCE + 1
          } of millisecond ${nowMs} are used up, ` +
            `and the clock has not advanced for ${MAX_CLOCK_STALL_MS} ms; advance it`,
        );
      }
    }
  }
}

/**
 * Checks a priority.
 *
 * @throws {RangeError} if it is not a whole number from 0 to 7
 */
export function checkPriority(priority: unknown): asserts priority is Priority {
  checkInteger("priority", priority as number, 0, 7);
}
