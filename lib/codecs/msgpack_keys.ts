/**
 * The property names of the objects that were read lately, as a tree: the objects of a program repeat
 * the same names in the same order. A name that is expected is compared and not decoded, and an object
 * whose names have come often is made by one literal instead of one assignment for each property.
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

type Fields = Record<string, unknown>;
type Literal = (values: readonly unknown[], start: number) => Fields;

/** A name, after the names of its predecessors. */
export class ExpectedName {
  /** The name as MessagePack, with its header. */
  readonly bytes: Uint8Array;
  /** The name that followed last. */
  next: ExpectedName | undefined;
  #inner: ExpectedName | undefined;
  readonly #names: readonly string[];
  readonly #successors = new Map<string, ExpectedName>();
  #uses = 0;
  #literal: Literal | undefined;

  constructor(names: readonly string[], bytes: Uint8Array) {
    this.#names = names;
    this.bytes = bytes;
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
