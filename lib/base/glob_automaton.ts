/**
 * An automaton for one pattern at a time. A bit for each state is set while the text so far may have led
 * to it: so each character of a text takes a few operations on words, whatever the pattern is.
 *
 * @module
 */

/** Longest pattern, in UTF-16 code units. */
export const MAX_PATTERN_LENGTH = 256;

const WORD_BITS = 32;
/** State `i` says that the first `i` parts of the pattern have matched. */
const MAX_STATES = MAX_PATTERN_LENGTH + 1;
const MAX_WORDS = Math.ceil(MAX_STATES / WORD_BITS);
/** Characters whose parts are remembered during a match. */
const MAX_ROWS = 1024;

/** A class of characters as pairs of the lowest and the highest code. */
interface CharacterClass {
  readonly part: number;
  readonly isNegated: boolean;
  readonly ranges: readonly (readonly [number, number])[];
}

/** Matches patterns. It has memory for the longest one, and keeps nothing of it. */
export class Automaton {
  /** States that stay when a character arrives: those before a `*`. */
  readonly #loops = new Uint32Array(MAX_WORDS);
  /** The parts that match any character. */
  readonly #any = new Uint32Array(MAX_WORDS);
  readonly #states = new Uint32Array(MAX_WORDS);
  /** For each character that a row stands for, the parts that match it. */
  readonly #rows = new Uint32Array(MAX_ROWS * MAX_WORDS);
  readonly #rowOfCode = new Map<number, number>();
  readonly #literals: number[] = [];
  readonly #classes: CharacterClass[] = [];
  #parts = 0;
  #words = 0;

  /** True if a pattern matches a text. */
  matches(pattern: string, text: string): boolean {
    this.#compile(pattern);
    this.#states.fill(0);
    this.#states[0] = 1;
    for (let at = 0; at < text.length;) {
      const code = text.codePointAt(at)!;
      if (!this.#step(this.#rowFor(code))) return false;
      at += code > 0xffff ? 2 : 1;
    }
    return has(this.#states, this.#parts);
  }

  #compile(pattern: string): void {
    this.#loops.fill(0);
    this.#any.fill(0);
    this.#rowOfCode.clear();
    this.#literals.length = this.#classes.length = 0;
    const reader = new PatternReader(pattern);
    let part = 0;
    for (let next = reader.next(part); next !== undefined; next = reader.next(part)) {
      if (next === "run") set(this.#loops, part);
      else {
        if (next === "any") set(this.#any, part);
        else if (typeof next === "object") this.#classes.push(next);
        this.#literals.push(typeof next === "number" ? next : -1);
        part++;
      }
    }
    this.#parts = part;
    this.#words = Math.ceil((part + 1) / WORD_BITS);
    this.#addLiterals();
  }

  #addLiterals(): void {
    for (const [part, code] of this.#literals.entries()) {
      if (code === -1) continue;
      const row = this.#rowFor(code);
      this.#rows[row + (part >>> 5)] |= 1 << (part & 31);
    }
  }

  /** Start of the row of a character. When there are too many, the last row is used again. */
  #rowFor(code: number): number {
    const known = this.#rowOfCode.get(code);
    if (known !== undefined) return known;
    const row = Math.min(this.#rowOfCode.size, MAX_ROWS - 1) * MAX_WORDS;
    if (this.#rowOfCode.size < MAX_ROWS - 1) this.#rowOfCode.set(code, row);
    this.#rows.set(this.#any, row);
    for (const { part, isNegated, ranges } of this.#classes) {
      const isIn = ranges.some(([low, high]) => low <= code && code <= high);
      if (isIn !== isNegated) this.#rows[row + (part >>> 5)] |= 1 << (part & 31);
    }
    return row;
  }

  /** Takes a character; false if no state is left. */
  #step(row: number): boolean {
    let carry = 0;
    let left = 0;
    for (let word = 0; word < this.#words; word++) {
      const states = this.#states[word];
      const moved = states & this.#rows[row + word];
      const next = (states & this.#loops[word]) | (moved << 1) | carry;
      carry = moved >>> (WORD_BITS - 1);
      this.#states[word] = next;
      left |= next;
    }
    return left !== 0;
  }
}

function set(bits: Uint32Array, index: number): void {
  bits[index >>> 5] |= 1 << (index & 31);
}

function has(bits: Uint32Array, index: number): boolean {
  return (bits[index >>> 5] >>> (index & 31) & 1) === 1;
}

/** Reads the parts of a pattern. */
class PatternReader {
  readonly #codes: number[];
  #at = 0;

  constructor(pattern: string) {
    this.#codes = Array.from(pattern, (character) => character.codePointAt(0)!);
  }

  /** The next part: the code of a literal, a class, any character, or a run of any characters. */
  next(part: number): number | "run" | "any" | CharacterClass | undefined {
    if (this.#at === this.#codes.length) return undefined;
    if (this.#accept("*")) return "run";
    if (this.#accept("?")) return "any";
    return this.#accept("[") ? this.#class(part) : this.#literal();
  }

  #accept(character: string): boolean {
    if (this.#codes[this.#at] !== character.codePointAt(0)) return false;
    this.#at++;
    return true;
  }

  /** The next character, or the one after a backslash. A backslash at the end is literal. */
  #literal(): number {
    if (this.#at + 1 < this.#codes.length) this.#accept("\\");
    return this.#codes[this.#at++];
  }

  /** Reads a class. An unclosed class ends with the pattern. */
  #class(part: number): CharacterClass {
    const isNegated = this.#accept("^");
    const ranges: [number, number][] = [];
    while (this.#at < this.#codes.length && !this.#accept("]")) ranges.push(this.#range());
    return { part, isNegated, ranges };
  }

  #range(): [number, number] {
    const first = this.#literal();
    const isRange = this.#codes[this.#at] === 0x2d && this.#at + 1 < this.#codes.length &&
      this.#codes[this.#at + 1] !== 0x5d;
    if (!isRange) return [first, first];
    this.#at++;
    const last = this.#literal();
    return [Math.min(first, last), Math.max(first, last)];
  }
}
