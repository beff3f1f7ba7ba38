/**
 * Patterns of topics, with the syntax of Redis: `*` matches any number of characters, `?` exactly one,
 * `[a-z]` and `[^a-z]` one of a class, and `\` makes the next character literal.
 *
 * @module
 */

/** A part of a pattern: any number of characters, or a test of one character. */
type Part = "run" | ((code: number) => boolean);

/** Compiles a pattern. A match takes at most pattern length times text length steps. */
export function glob(pattern: string): (text: string) => boolean {
  const parts = new PatternReader(pattern).parts();
  return (text) => matches(parts, text);
}

class PatternReader {
  readonly #codes: number[];
  #at = 0;

  constructor(pattern: string) {
    this.#codes = Array.from(pattern, (character) => character.codePointAt(0)!);
  }

  parts(): Part[] {
    const parts: Part[] = [];
    while (this.#at < this.#codes.length) {
      const part = this.#part();
      if (part !== "run" || parts.at(-1) !== "run") parts.push(part);
    }
    return parts;
  }

  #part(): Part {
    if (this.#accept("*")) return "run";
    if (this.#accept("?")) return () => true;
    if (this.#accept("[")) return this.#class();
    const code = this.#literal();
    return (other) => other === code;
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
  #class(): Part {
    const isNegated = this.#accept("^");
    const ranges: [number, number][] = [];
    while (this.#at < this.#codes.length && !this.#accept("]")) ranges.push(this.#range());
    return (code) => ranges.some(([low, high]) => low <= code && code <= high) !== isNegated;
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

/** Backtracks to the last `*` only: what an earlier `*` has matched need not change. */
function matches(parts: readonly Part[], text: string): boolean {
  let part = 0;
  let at = 0;
  let lastRun = -1;
  let retryAt = 0;
  while (at < text.length) {
    const current = parts[part];
    const code = text.codePointAt(at)!;
    if (current === "run") {
      lastRun = part++;
      retryAt = at;
    } else if (current?.(code)) {
      part++;
      at += widthOf(code);
    } else if (lastRun === -1) return false;
    else {
      part = lastRun + 1;
      retryAt += widthOf(text.codePointAt(retryAt)!);
      at = retryAt;
    }
  }
  return part === parts.length || part === parts.length - 1 && parts[part] === "run";
}

function widthOf(code: number): number {
  return code > 0xffff ? 2 : 1;
}
