/**
 * Compiled Lua.
 *
 * @module
 */

const HEADER_BYTES = 12;
const OPCODE = 0x3f;
const CALL = 28;
const TAIL_CALL = 29;
const CONSTANT_BYTES: Readonly<Record<number, number>> = { 0: 0, 1: 1, 3: 8 };
const STRING_CONSTANT = 4;

/** A position in a compiled function. */
class Cursor {
  at = HEADER_BYTES;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  int(): number {
    this.at += 4;
    return this.#view.getInt32(this.at - 4, true);
  }

  byte(): number {
    return this.#view.getUint8(this.at++);
  }

  skipText(): void {
    const length = this.int();
    this.at += length;
  }

  each(read: () => void): void {
    for (let left = this.int(); left > 0; left--) read();
  }

  /** Makes a tail call a plain one: the instruction after it returns what it returned. */
  keepFrame(): void {
    const instruction = this.int();
    if ((instruction & OPCODE) !== TAIL_CALL) return;
    this.#view.setInt32(this.at - 4, instruction & ~OPCODE | CALL, true);
  }
}

/**
 * Makes all tail calls of a compiled function plain calls. A tail call loses the line of the caller, of which the
 * errors of commands speak.
 */
export function withoutTailCalls(bytes: Uint8Array): void {
  changeFunction(new Cursor(bytes));
}

function changeFunction(cursor: Cursor): void {
  cursor.skipText();
  cursor.at += 12;
  cursor.each(() => cursor.keepFrame());
  cursor.each(() => skipConstant(cursor));
  cursor.each(() => changeFunction(cursor));
  cursor.each(() => cursor.int());
  cursor.each(() => skipLocal(cursor));
  cursor.each(() => cursor.skipText());
}

function skipConstant(cursor: Cursor): void {
  const type = cursor.byte();
  if (type === STRING_CONSTANT) cursor.skipText();
  else cursor.at += CONSTANT_BYTES[type];
}

function skipLocal(cursor: Cursor): void {
  cursor.skipText();
  cursor.at += 8;
}
