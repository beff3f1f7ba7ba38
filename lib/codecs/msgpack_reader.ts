/**
 * Reads values from MessagePack. Bytes from other processes are not trusted: every length is compared
 * with what is left of the message before anything is allocated for it.
 *
 * @see {@link https://github.com/msgpack/msgpack/blob/master/spec.md} for the format
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { extensionValue } from "./msgpack_extensions.ts";
import { type ExpectedName, MAX_NAME_BYTES, NAME_STEP_BYTES, NameTree } from "./msgpack_keys.ts";
import { decodeText } from "./surrogates.ts";
import { MAX_DEPTH } from "./value_check.ts";

/** Arrays of at most this many items get their size at once. */
const MAX_PRESIZED_ITEMS = 1024;

/** The bytes of the values whose type says their size, by the type; 0 for all other types. */
const SIZES = sizes();

/**
 * Messages of at most this many bytes are copied first: that takes less time than a view of their
 * memory. Nothing of a message of more bytes is kept when it is read.
 */
const MAX_COPIED_BYTES = 4096;

/** Reads one message after the other. */
export class MessagePackReader {
  readonly #names = new NameTree();
  readonly #copy = new Uint8Array(MAX_COPIED_BYTES + NAME_STEP_BYTES);
  readonly #copyView = new DataView(this.#copy.buffer);
  #bytes = this.#copy;
  #view = this.#copyView;
  #at = 0;
  /** Where the message ends. */
  #end = 0;
  /** The last place at which a name may be compared. */
  #lastName = 0;
  /** The values of the objects that are being read. */
  #values: unknown[] = [];
  #valueCount = 0;

  /**
   * Reads a message. The result has no reference to the bytes.
   *
   * @throws {RangeError} if the bytes are not one value
   */
  read(bytes: Uint8Array): unknown {
    const { length } = bytes;
    this.#at = 0;
    this.#end = length;
    if (length <= MAX_COPIED_BYTES) this.#copyFrom(bytes);
    else this.#readFrom(bytes as Uint8Array<ArrayBuffer>);
    try {
      const value = this.#readValue(1, this.#names.root);
      if (this.#at === length) return value;
      throw new RangeError(`the value is followed by ${pluralize(length - this.#at, "byte")}`);
    } finally {
      this.#valueCount = 0;
      if (length > MAX_COPIED_BYTES) this.#forget();
    }
  }

  #copyFrom(bytes: Uint8Array): void {
    this.#copy.set(bytes);
    this.#lastName = MAX_COPIED_BYTES;
  }

  #readFrom(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#lastName = bytes.length - NAME_STEP_BYTES;
  }

  #forget(): void {
    this.#bytes = this.#copy;
    this.#view = this.#copyView;
    this.#values = [];
  }

  /** `owner` is the name whose value is read. */
  #readValue(depth: number, owner: ExpectedName): unknown {
    const at = this.#at;
    const type = this.#bytes[at];
    const size = SIZES[type];
    if (!(size > 0)) return this.#readOpen(type, depth, owner);
    this.#skip(size);
    return this.#fixed(type, at);
  }

  /** The value at a place; its type says its size. */
  #fixed(type: number, at: number): unknown {
    if (type < 0x80) return type;
    if (type < 0xc0) return decodeText(this.#bytes, at + 1, type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return this.#view.getFloat32(at + 1);
      case 0xcb:
        return this.#view.getFloat64(at + 1);
      default:
        return this.#integer(type, at + 1);
    }
  }

  #integer(type: number, at: number): number {
    const view = this.#view;
    switch (type) {
      case 0xcc:
        return view.getUint8(at);
      case 0xcd:
        return view.getUint16(at);
      case 0xce:
        return view.getUint32(at);
      case 0xcf:
        return view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
      case 0xd0:
        return view.getInt8(at);
      case 0xd1:
        return view.getInt16(at);
      case 0xd2:
        return view.getInt32(at);
      default:
        return view.getInt32(at) * 2 ** 32 + view.getUint32(at + 4);
    }
  }

  /** Reads a value whose type does not say its size. Fails at the end of the message. */
  #readOpen(type: number, depth: number, owner: ExpectedName): unknown {
    this.#skip(1);
    if (type < 0x90) return this.#readMap(type & 0x0f, depth, owner);
    if (type < 0xa0) return this.#readArray(type & 0x0f, depth, owner);
    return this.#readSized(type, depth, owner);
  }

  #readSized(type: number, depth: number, owner: ExpectedName): unknown {
    if (type >= 0xde) {
      return this.#readMap(this.#readLength(type === 0xde ? 2 : 4), depth, owner);
    }
    if (type >= 0xdc) {
      return this.#readArray(this.#readLength(type === 0xdc ? 2 : 4), depth, owner);
    }
    if (type >= 0xd9) return this.#readText(this.#readLength(1 << type - 0xd9));
    if (type >= 0xd4) return this.#readExtension(1 << type - 0xd4);
    if (type >= 0xc7) return this.#readExtension(this.#readLength(1 << type - 0xc7));
    if (type >= 0xc4) return this.#take(this.#readLength(1 << type - 0xc4)).slice();
    throw new RangeError(`0x${type.toString(16)} is not a type of MessagePack`);
  }

  #take(length: number): Uint8Array {
    const start = this.#at;
    this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  #skip(length: number): void {
    if (length > this.#end - this.#at) throw truncated();
    this.#at += length;
  }

  #readLength(size: number): number {
    const at = this.#at;
    this.#skip(size);
    const view = this.#view;
    if (size === 1) return view.getUint8(at);
    return size === 2 ? view.getUint16(at) : view.getUint32(at);
  }

  #readExtension(length: number): unknown {
    const [type] = this.#take(1);
    return extensionValue(type, this.#take(length));
  }

  #readText(length: number): string {
    const start = this.#at;
    this.#skip(length);
    return decodeText(this.#bytes, start, length);
  }

  /** An item has at least one byte. */
  #checkContainer(items: number, depth: number): void {
    if (items > this.#end - this.#at) throw truncated();
    if (depth > MAX_DEPTH && items > 0) throw new RangeError(`nested more than ${MAX_DEPTH} deep`);
  }

  #readArray(length: number, depth: number, owner: ExpectedName): unknown[] {
    this.#checkContainer(length, depth);
    const items: unknown[] = length <= MAX_PRESIZED_ITEMS ? new Array(length) : [];
    const bytes = this.#bytes;
    const end = this.#end;
    // A variable of the loop takes less time than the field, here and in objects.
    let at = this.#at;
    for (let index = 0; index < length; index++) {
      const type = bytes[at];
      const size = SIZES[type];
      if (size > 0) {
        if (at + size > end) throw truncated();
        items[index] = this.#fixed(type, at);
        at += size;
      } else {
        this.#at = at;
        items[index] = this.#readOpen(type, depth + 1, owner);
        at = this.#at;
      }
    }
    this.#at = at;
    return items;
  }

  #readMap(fields: number, depth: number, owner: ExpectedName): Record<string, unknown> {
    this.#checkContainer(2 * fields, depth);
    const values = this.#values;
    const start = this.#valueCount;
    const bytes = this.#bytes;
    const view = this.#view;
    const end = this.#end;
    let at = this.#at;
    let name = owner.inner;
    let field = 0;
    for (; field < fields; field++) {
      let next = name.next;
      // What was read before may lie behind the message: a name from there has no value.
      if (next !== undefined && at <= this.#lastName && next.isAt(bytes, view, at)) {
        at += next.length;
      } else {
        this.#at = at;
        next = this.#readOther(name);
        if (next === undefined) break;
        at = this.#at;
      }
      name = next;
      const type = bytes[at];
      const size = SIZES[type];
      if (size > 0) {
        if (at + size > end) throw truncated();
        values[start + field] = this.#fixed(type, at);
        at += size;
      } else {
        this.#at = at;
        this.#valueCount = start + field;
        values[start + field] = this.#readOpen(type, depth + 1, name);
        at = this.#at;
      }
    }
    this.#at = at;
    this.#valueCount = start;
    const object = name.create(values, start);
    if (field < fields) this.#readFields(object, fields - field, depth, owner);
    return object;
  }

  /** Reads the fields from one on whose name is not kept. */
  #readFields(
    object: Record<string, unknown>,
    fields: number,
    depth: number,
    owner: ExpectedName,
  ): void {
    for (; fields > 0; fields--) {
      const key = this.#readName();
      object[key] = this.#readValue(depth + 1, owner);
    }
  }

  /** Reads a name that is kept; undefined, and nothing is read, if it is another one. */
  #readOther(previous: ExpectedName): ExpectedName | undefined {
    const start = this.#at;
    const type = this.#bytes[start];
    const isShort = (type & 0xe0) === 0xa0 ||
      (type === 0xd9 && this.#bytes[start + 1] <= MAX_NAME_BYTES);
    if (!isShort) return undefined;
    const name = this.#readName();
    const known = previous.follow(name, this.#bytes.subarray(start, this.#at), this.#names);
    if (known === undefined) this.#at = start;
    return known;
  }

  #readName(): string {
    const name = this.#readValue(MAX_DEPTH + 1, this.#names.root);
    if (typeof name === "number") return String(name);
    if (typeof name !== "string") throw new RangeError("a key is neither a string nor a number");
    if (name === "__proto__") throw new RangeError(`the key "${name}" is not allowed`);
    return name;
  }
}

function truncated(): RangeError {
  return new RangeError("the message is truncated");
}

function sizes(): Uint8Array {
  const result = new Uint8Array(0x100);
  result.fill(1, 0, 0x80).fill(1, 0xe0);
  result.set(Array.from({ length: 32 }, (_, length) => 1 + length), 0xa0);
  result.set([1, 0, 1, 1], 0xc0);
  result.set([5, 9, 2, 3, 5, 9, 2, 3, 5, 9], 0xca);
  return result;
}
