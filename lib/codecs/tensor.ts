/**
 * Typed arrays, with or without a shape, as messages: a binary block that needs no codec.
 *
 * The block starts with a header of 8 bytes: the code of the element kind, the number of dimensions,
 * 1 for an array with a shape or 0 for a bare array, and 5 zeros. The dimensions follow, 8 bytes each
 * and little-endian, then the elements in the machine's byte order. Each part is aligned to 8 bytes if
 * the block is.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { describeValue } from "./describe.ts";
import {
  bytesOf,
  copyToTypedArray,
  type ElementKind,
  kindByCode,
  kindOf,
  type TypedArray,
} from "./typed_array.ts";
import { messageOf } from "../base/thrown.ts";

export type { TypedArray };

/** A typed array with a shape, in row-major order. */
export interface Tensor<T extends TypedArray = TypedArray> {
  /** The elements. */
  data: T;
  /** The dimensions. Their product is `data.length`; `[]` is a scalar with one element. */
  shape: number[];
}

/** Most dimensions of a shape. */
export const MAX_DIMENSIONS = 32;

const HEADER_BYTES = 8;
const DIMENSION_BYTES = 8;
const BARE = 0;
const SHAPED = 1;
const TWO_POW_32 = 0x100000000;

/**
 * True for a value that is sent as a binary block: a typed array other than `Uint8Array`, or an object
 * with exactly the properties `data`, a typed array, and `shape`, an array of numbers.
 *
 * The codec encodes a `Uint8Array`, `DataView` or `ArrayBuffer` that is the whole message.
 *
 * @param value Any value.
 * @returns Whether it is. The shape may still be invalid: {@linkcode writeTensor} checks it.
 *
 * @example
 * ```ts
 * import { isTensor } from "./tensor.ts";
 *
 * isTensor(new Float32Array(6)); // true
 * isTensor({ data: new Float32Array(6), shape: [2, 3] }); // true
 * isTensor({ data: [1, 2, 3], shape: [3] }); // false
 * ```
 */
export function isTensor(value: unknown): value is TypedArray | Tensor {
  if (typeof value !== "object" || value === null) return false;
  if (ArrayBuffer.isView(value)) {
    const kind = kindOf(value);
    return kind !== undefined && kind.name !== "Uint8Array";
  }
  const { data } = value as { data?: unknown };
  return ArrayBuffer.isView(data) && kindOf(data) !== undefined && hasTwoKeys(value) &&
    isNumberArray((value as { shape: unknown }).shape);
}

function isNumberArray(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

function hasTwoKeys(value: object): boolean {
  return Object.keys(value).length === 2 && Object.hasOwn(value, "data") &&
    Object.hasOwn(value, "shape");
}

/**
 * The size of a value's binary block.
 *
 * @param value A value for which {@linkcode isTensor} is true.
 * @returns The size in bytes.
 */
export function tensorByteLength(value: TypedArray | Tensor): number {
  return ArrayBuffer.isView(value)
    ? HEADER_BYTES + value.byteLength
    : dataOffset(value.shape.length) + value.data.byteLength;
}

function dataOffset(dimensions: number): number {
  return HEADER_BYTES + dimensions * DIMENSION_BYTES;
}

/**
 * Writes a value's binary block.
 *
 * @param value A value for which {@linkcode isTensor} is true.
 * @param target The memory to write to, which may be shared. It needs
 * {@linkcode tensorByteLength} bytes from `offset` on.
 * @param offset The first byte to write, a multiple of 8.
 * @throws {RangeError} If the shape has more than 32 dimensions, or a dimension that is not a whole
 * number, if its product is not the number of elements, or if the target is too small.
 * @throws {TypeError} If the content of the array's buffer was transferred.
 *
 * @example
 * ```ts
 * import { readTensor, tensorByteLength, writeTensor } from "./tensor.ts";
 *
 * const tensor = { data: new Float32Array([1, 2, 3, 4, 5, 6]), shape: [2, 3] };
 * const block = new Uint8Array(tensorByteLength(tensor));
 * writeTensor(tensor, block, 0);
 * readTensor(block); // { data: Float32Array [1, 2, 3, 4, 5, 6], shape: [2, 3] }
 * ```
 */
export function writeTensor(value: TypedArray | Tensor, target: Uint8Array, offset: number): void {
  const bare = ArrayBuffer.isView(value);
  const data = bare ? value : value.data;
  const shape = bare ? [] : value.shape;
  if (!bare) checkShape(shape, data.length);
  const kind = writableKind(data);
  const bytes = contentOf(data);
  const start = offset + dataOffset(shape.length);
  if (start + bytes.length > target.length) {
    throw new RangeError(
      `a tensor of ${pluralize(start - offset + bytes.length, "byte")} does not fit into the ` +
        `${pluralize(target.length - offset, "byte")} at ${offset}`,
    );
  }
  target.fill(0, offset, offset + HEADER_BYTES);
  target[offset] = kind.code;
  target[offset + 1] = shape.length;
  target[offset + 2] = bare ? BARE : SHAPED;
  writeShape(shape, target, offset + HEADER_BYTES);
  target.set(bytes, start);
}

function checkShape(shape: readonly number[], elements: number): void {
  if (shape.length > MAX_DIMENSIONS) {
    throw new RangeError(
      `a tensor has at most ${MAX_DIMENSIONS} dimensions, got ${shape.length}`,
    );
  }
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) {
      throw new RangeError(
        `the dimensions of a tensor must be whole numbers of 0 or more, ` +
          `got ${describeValue(dimension)} in [${shape.join(", ")}]`,
      );
    }
  }
  const count = elementCount(shape);
  if (count !== elements) {
    throw new RangeError(
      `shape [${shape.join(", ")}] has ${count} elements, but data has ${elements}`,
    );
  }
}

/**
 * The product of the dimensions. A product above the safe integers is rounded, but no array is that
 * long.
 */
function elementCount(shape: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((count, dimension) => count * dimension, 1);
}

function writableKind(data: TypedArray): ElementKind {
  const kind = kindOf(data);
  if (kind === undefined) {
    throw new TypeError(`a tensor's data must be a typed array, got ${describeValue(data)}`);
  }
  return kind;
}

function contentOf(data: TypedArray): Uint8Array {
  try {
    return bytesOf(data);
  } catch (error) {
    throw new TypeError(`cannot send a ${data.constructor.name}: ${messageOf(error)}`);
  }
}

function writeShape(shape: readonly number[], target: Uint8Array, offset: number): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  shape.forEach((dimension, index) => {
    const at = offset + index * DIMENSION_BYTES;
    view.setUint32(at, dimension % TWO_POW_32, true);
    view.setUint32(at + 4, Math.floor(dimension / TWO_POW_32), true);
  });
}

/**
 * Reads a binary block.
 *
 * @param bytes Exactly the block. It may be shared memory, at any alignment.
 * @returns The typed array, or `{ data, shape }`. The elements are copied once, into a new buffer.
 * @throws {RangeError} If the block is damaged: an unknown element kind, a malformed header, a shape
 * whose product is not the number of elements, or a wrong length.
 */
export function readTensor(bytes: Uint8Array): TypedArray | Tensor {
  if (bytes.length < HEADER_BYTES) {
    throw damaged(`it has ${pluralize(bytes.length, "byte")}, at least 8 needed`);
  }
  // Each byte is read once: in shared memory it could change between a check and a second read.
  const kind = readKind(bytes[0]);
  const dimensions = bytes[1];
  const flags = bytes[2];
  if (flags !== BARE && flags !== SHAPED) throw damaged(`unknown flags ${flags}`);
  checkReserved(bytes);
  if (dimensions > (flags === SHAPED ? MAX_DIMENSIONS : 0)) {
    throw damaged(`${dimensions} dimensions`);
  }
  const start = dataOffset(dimensions);
  if (bytes.length < start) {
    throw damaged(`${pluralize(bytes.length, "byte")} cannot hold its shape`);
  }
  const elements = (bytes.length - start) / kind.bytesPerElement;
  if (!Number.isInteger(elements)) {
    throw damaged(
      `${pluralize(bytes.length - start, "byte")} cannot be a whole number of ${kind.name} ` +
        `elements`,
    );
  }
  if (flags === BARE) return copyToTypedArray(kind, bytes.subarray(start));
  const shape = readShape(bytes, dimensions);
  if (elementCount(shape) !== elements) {
    throw damaged(`shape [${shape.join(", ")}] does not have its ${elements} elements`);
  }
  return { data: copyToTypedArray(kind, bytes.subarray(start)), shape };
}

function readKind(code: number): ElementKind {
  const kind = kindByCode(code);
  if (kind === undefined) throw damaged(`no element kind ${code}`);
  return kind;
}

function checkReserved(bytes: Uint8Array): void {
  for (let at = 3; at < HEADER_BYTES; at++) {
    if (bytes[at] !== 0) throw damaged("reserved bytes are not zero");
  }
}

function readShape(bytes: Uint8Array, dimensions: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape: number[] = [];
  for (let at = HEADER_BYTES; shape.length < dimensions; at += DIMENSION_BYTES) {
    const dimension = view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_POW_32;
    if (!Number.isSafeInteger(dimension)) throw damaged("a dimension is too large");
    shape.push(dimension);
  }
  return shape;
}

function damaged(reason: string): RangeError {
  return new RangeError(`damaged tensor: ${reason}`);
}
