/**
 * The hash of Redis for elements of HyperLogLogs: MurmurHash64A of Austin Appleby.
 *
 * @module
 */

const SEED = 0xadc83b19;
const FACTOR_HIGH = 0xc6a4a793;
const FACTOR_LOW = 0x5bd1e995;
const FACTOR_LOW_1 = FACTOR_LOW & 0xffff;
const FACTOR_LOW_2 = FACTOR_LOW >>> 16;
/** A shift by 47 takes the upper half by 15. */
const SHIFT = 15;

/** A hash: its upper and its lower 32 bits. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** The hash of a byte string. */
export function murmurHash(text: string): Hash64 {
  const state = new HashState();
  const whole = text.length - text.length % 8;
  state.set(0, text.length);
  state.multiply();
  state.xor(0, SEED);
  for (let at = 0; at < whole; at += 8) state.block(wordAt(text, at + 4), wordAt(text, at));
  if (whole < text.length) {
    state.xor(wordAt(text, whole + 4), wordAt(text, whole));
    state.multiply();
  }
  state.mix();
  state.multiply();
  state.mix();
  return { high: state.high >>> 0, low: state.low >>> 0 };
}

/** Four bytes, the first one the lowest; those beyond the end are 0. */
function wordAt(text: string, at: number): number {
  let word = 0;
  for (let i = Math.min(3, text.length - 1 - at); i >= 0; i--) {
    word = word << 8 | text.charCodeAt(at + i);
  }
  return word;
}

/** A number of 64 bits, in halves. */
class HashState {
  high = 0;
  low = 0;

  set(high: number, low: number): void {
    this.high = high;
    this.low = low;
  }

  xor(high: number, low: number): void {
    this.high ^= high;
    this.low ^= low;
  }

  /** Combines it with its own upper bits. */
  mix(): void {
    this.low ^= this.high >>> SHIFT;
  }

  /** Multiplies it by the factor; what exceeds 64 bits is lost. */
  multiply(): void {
    const { high, low } = this;
    const [low1, low2] = [low & 0xffff, low >>> 16];
    const middle = low2 * FACTOR_LOW_1 + (low1 * FACTOR_LOW_1 >>> 16);
    const rest = low1 * FACTOR_LOW_2 + middle % 0x10000;
    const carry = low2 * FACTOR_LOW_2 + Math.floor(middle / 0x10000) + Math.floor(rest / 0x10000);
    this.high = carry + Math.imul(low, FACTOR_HIGH) + Math.imul(high, FACTOR_LOW) | 0;
    this.low = Math.imul(low, FACTOR_LOW);
  }

  /** Takes eight bytes in. */
  block(high: number, low: number): void {
    const { high: before, low: beforeLow } = this;
    this.set(high, low);
    this.multiply();
    this.mix();
    this.multiply();
    this.xor(before, beforeLow);
    this.multiply();
  }
}
