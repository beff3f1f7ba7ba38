/**
 * The property names of the objects that were read or written lately, as a tree: the objects of a
 * program repeat the same names in the same order. A name that is expected is compared and not decoded,
 * copied and not encoded, and an object whose names have come often is made by one literal instead of
 * one assignment for each property.
 *
 * @module
 */

/** Names of more bytes are decoded each time. */
export const MAX_NAME_BYTES = 64;
/** Names that follow the same names, and that begin the objects at one place; others are decoded each time. */
const MAX_SUCCESSORS = 16;
const MAX_FIRST_NAMES = 256;
const MAX_FIELDS = 64;
/** After this many names the tree begins anew, so that foreign messages do not fill the memory. */
const MAX_NAMES = 4096;
/** Objects with the same names before a literal is compiled for them. */
const USES_BEFORE_LITERAL = 32;
const MAX_LITERAL_FIELDS = 32;
const WORD_BYTES = 4;
/** A name is compared, and written, by steps of this many bytes. */
export const NAME_STEP_BYTES = 2 * WORD_BYTES;

type Fields = Record<string, unknown>;
type Literal = (values: readonly unknown[], start: number) => Fields;

/** A name, after the names of its predecessors. */
export class ExpectedName {
  readonly name: string;
  /** The name as MessagePack, with its header. */
  readonly bytes: Uint8Array;
  /** The name that followed last. */
  next: ExpectedName | undefined;
  /** Bytes of the name with its header. */
  readonly length: number;
  #inner: ExpectedName | undefined;
  /** The first eight bytes as two words, and the bits of them that belong to the name. */
  readonly #first: number;
  readonly #firstMask: number;
  readonly #second: number;
  readonly #secondMask: number;
  readonly #names: readonly string[];
  readonly #successors = new Map<string, ExpectedName>();
  #uses = 0;
  #literal: Literal | undefined;

  constructor(names: readonly string[], bytes: Uint8Array) {
    this.#names = names;
    this.name = names.at(-1) ?? "";
    this.bytes = bytes;
    this.length = bytes.length;
    this.#first = wordOf(bytes, 0);
    this.#firstMask = maskOf(bytes.length);
    this.#second = wordOf(bytes, WORD_BYTES);
    this.#secondMask = maskOf(bytes.length - WORD_BYTES);
  }

  /** True if the name is at a place that `NAME_STEP_BYTES` or more begin at. */
  isAt(bytes: Uint8Array, view: DataView, at: number): boolean {
    const differing = (view.getInt32(at, true) ^ this.#first) & this.#firstMask |
      (view.getInt32(at + WORD_BYTES, true) ^ this.#second) & this.#secondMask;
    return differing === 0 && (this.length <= NAME_STEP_BYTES || this.#isRestAt(bytes, at));
  }

  #isRestAt(bytes: Uint8Array, at: number): boolean {
    const expected = this.bytes;
    // Beyond the end is undefined, which equals no byte.
    for (let index = NAME_STEP_BYTES; index < expected.length; index++) {
      if (bytes[at + index] !== expected[index]) return false;
    }
    return true;
  }

  /** Writes the name at a place that has room for it and for a step, and returns where it ends. */
  writeAt(bytes: Uint8Array, view: DataView, at: number): number {
    if (this.length > NAME_STEP_BYTES) bytes.set(this.bytes, at);
    else {
      view.setInt32(at, this.#first, true);
      view.setInt32(at + WORD_BYTES, this.#second, true);
    }
    return at + this.length;
  }

  /** What precedes the first name of the objects in the value of this name. */
  get inner(): ExpectedName {
    return this.#inner ??= newStart();
  }

  /** An object of the properties up to this name, with the values from `start` on. */
  create(values: readonly unknown[], start: number): Fields {
    if (this.#literal !== undefined) return this.#literal(values, start);
    const names = this.#names;
    if (++this.#uses === USES_BEFORE_LITERAL && names.length <= MAX_LITERAL_FIELDS) {
      this.#literal = compileLiteral(names);
    }
    const object: Fields = {};
    for (let index = 0; index < names.length; index++) object[names[index]] = values[start + index];
    return object;
  }

  /** The name that follows, which becomes the expected one; undefined if it is not to be kept. */
  follow(name: string, bytes: Uint8Array, tree: NameTree): ExpectedName | undefined {
    const known = this.#successors.get(name);
    if (known !== undefined) return this.next = known;
    const { length } = this.#names;
    const most = length === 0 ? MAX_FIRST_NAMES : MAX_SUCCESSORS;
    if (this.#successors.size >= most || length >= MAX_FIELDS || !tree.count()) return undefined;
    const added = new ExpectedName([...this.#names, name], bytes.slice());
    this.#successors.set(name, added);
    return this.next = added;
  }
}

/** All names that are kept. */
export class NameTree {
  /** Stands for a name of the whole message. */
  root: ExpectedName = newStart();
  #names = 0;

  /** Counts a name. False if there were too many: then the tree is empty. */
  count(): boolean {
    if (this.#names++ < MAX_NAMES) return true;
    this.root = newStart();
    this.#names = 0;
    return false;
  }
}

/** Four bytes in little-endian order; zeros beyond the end. */
function wordOf(bytes: Uint8Array, at: number): number {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24;
}

/** The bits of the first bytes of a word. */
function maskOf(bytes: number): number {
  if (bytes >= WORD_BYTES) return -1;
  return bytes > 0 ? (1 << 8 * bytes) - 1 : 0;
}

function newStart(): ExpectedName {
  return new ExpectedName([], new Uint8Array(0));
}

/** The names are quoted, so that they cannot be code. `__proto__` never is one of them. */
function compileLiteral(names: readonly string[]): Literal | undefined {
  const fields = names.map((name, index) => `${JSON.stringify(name)}: values[start + ${index}]`);
  try {
    return new Function("values", "start", `return { ${fields.join(", ")} };`) as Literal;
  } catch {
    // The runtime may forbid it: V8 has a flag for this.
    return undefined;
  }
}
