/**
 * A reader of JSON text that `JSON.parse` has accepted: nothing is checked here.
 *
 * @module
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** Converts the literal of a number. */
export type NumberReader = (literal: string) => number | bigint;

/** Returns the value of a valid JSON text. */
export function readJson(text: string, readNumber: NumberReader): unknown {
  return new Reader(text, readNumber).value();
}

/** Returns the end of the string literal that begins at `open`. */
export function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (isEscaped(text, close)) close = text.indexOf('"', close + 1);
  return close + 1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

/** Returns the value of a string literal. */
export function readString(literal: string): string {
  return literal.includes("\\") ? JSON.parse(literal) : literal.slice(1, -1);
}

const NUMBER = /[-+.0-9eE]+/y;
const INTEGER = /^-?[0-9]+$/;

/** Returns a bigint if a number would lose digits. */
export function readExactly(literal: string): number | bigint {
  const value = Number(literal);
  if (Number.isSafeInteger(value) || !INTEGER.test(literal)) return value;
  return BigInt(literal);
}

class Reader {
  readonly #text: string;
  readonly #readNumber: NumberReader;
  #at = 0;

  constructor(text: string, readNumber: NumberReader) {
    this.#text = text;
    this.#readNumber = readNumber;
  }

  value(): unknown {
    switch (this.#skipSpace()) {
      case QUOTE:
        return this.#string();
      case OPEN_BRACE:
        return this.#object();
      case OPEN_BRACKET:
        return this.#array();
      case 0x74: // true
        return this.#word(4, true);
      case 0x66: // false
        return this.#word(5, false);
      case 0x6e: // null
        return this.#word(4, null);
      default:
        return this.#number();
    }
  }

  /** Moves to the next character that is not white space, and returns its code. */
  #skipSpace(): number {
    let code = this.#text.charCodeAt(this.#at);
    while (code <= SPACE) code = this.#text.charCodeAt(++this.#at);
    return code;
  }

  #word<T>(length: number, value: T): T {
    this.#at += length;
    return value;
  }

  #string(): string {
    const start = this.#at;
    this.#at = endOfString(this.#text, start);
    return readString(this.#text.slice(start, this.#at));
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at;
    const [literal] = NUMBER.exec(this.#text)!;
    this.#at += literal.length;
    return this.#readNumber(literal);
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    this.#at++;
    while (this.#skipSpace() !== CLOSE_BRACKET) {
      items.push(this.value());
      if (this.#skipSpace() === COMMA) this.#at++;
    }
    this.#at++;
    return items;
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#at++;
    while (this.#skipSpace() !== CLOSE_BRACE) {
      const key = this.#string();
      this.#skipSpace();
      this.#at++;
      setMember(object, key, this.value());
      if (this.#skipSpace() === COMMA) this.#at++;
    }
    this.#at++;
    return object;
  }
}

/** Adds a member. An assignment to `__proto__` would set the prototype. */
export function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else {
    const member = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(object, key, member);
  }
}
