/**
 * The kinds of typed arrays, and their codes in messages.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";

/** Any typed array. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float16Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** A kind of typed array. */
export interface ElementKind {
  /** Code of the kind in messages. Never reused for another kind. */
  readonly code: number;
  /** Name of the constructor. */
  readonly name: string;
  /** Size of one element. */
  readonly bytesPerElement: number;
  /** Makes an array of `length` zeros. */
  create(length: number): TypedArray;
}

interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
}

const CODES: ReadonlyArray<[code: number, name: string]> = [
  [1, "Int8Array"],
  [2, "Uint8Array"],
  [3, "Uint8ClampedArray"],
  [4, "Int16Array"],
  [5, "Uint16Array"],
  [6, "Int32Array"],
  [7, "Uint32Array"],
  [8, "Float32Array"],
  [9, "Float64Array"],
  [10, "BigInt64Array"],
  [11, "BigUint64Array"],
  [12, "Float16Array"],
];

const byCode: (ElementKind | undefined)[] = [];
const byName = new Map<string, ElementKind>();

for (const [code, name] of CODES) {
  // Not every runtime has Float16Array.
  const constructor = Reflect.get(globalThis, name) as TypedArrayConstructor | undefined;
  if (constructor === undefined) continue;
  const kind: ElementKind = {
    code,
    name,
    bytesPerElement: constructor.BYTES_PER_ELEMENT,
    create: (length) => new constructor(length),
  };
  byCode[code] = kind;
  byName.set(name, kind);
}

// The getter reads an internal slot, which cannot be forged as the prototype and `constructor` can. For
// a subclass it returns the name of the built-in base.
const nameOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get!;

/** The kind of a typed array, or `undefined` for any other value, a `DataView` included. */
export function kindOf(value: unknown): ElementKind | undefined {
  const name: string | undefined = nameOf.call(value);
  return name === undefined ? undefined : byName.get(name);
}

/** The kind with a code, or `undefined` if this runtime has no such kind. */
export function kindByCode(code: number): ElementKind | undefined {
  return byCode[code];
}

/**
 * The bytes that a view covers, without a copy.
 *
 * @throws {TypeError} If the buffer is detached: its content was transferred.
 */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  const problem = viewProblem(view);
  if (problem !== undefined) throw new TypeError(problem);
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Says why the bytes of a view cannot be read: its buffer was transferred, or shrunk. */
export function viewProblem(view: ArrayBufferView): string | undefined {
  const problem = bufferProblem(view.buffer);
  if (problem !== undefined || isInside(view)) return problem;
  return "it lies beyond the end of its ArrayBuffer, which was resized";
}

/** Says why the bytes of a buffer cannot be read. A shared buffer is never detached. */
export function bufferProblem(buffer: ArrayBufferLike): string | undefined {
  if ((buffer as ArrayBuffer).detached !== true) return undefined;
  return "its ArrayBuffer is detached: it was transferred";
}

function isInside(view: ArrayBufferView): boolean {
  try {
    if (view instanceof DataView) return view.byteLength >= 0;
    Uint8Array.prototype.at.call(view as Uint8Array, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Copies bytes, in the machine's byte order and at any alignment, into a new typed array.
 *
 * @throws {RangeError} If the bytes are not a whole number of elements.
 */
export function copyToTypedArray(kind: ElementKind, bytes: Uint8Array): TypedArray {
  const length = bytes.length / kind.bytesPerElement;
  if (!Number.isInteger(length)) {
    throw new RangeError(
      `${pluralize(bytes.length, "byte")} cannot be a whole number of ${kind.name} elements`,
    );
  }
  const array = kind.create(length);
  new Uint8Array(array.buffer).set(bytes);
  return array;
}
