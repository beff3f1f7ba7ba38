/**
 * Codecs turn a message into bytes and back.
 *
 * @module
 */

import { cloneCodec } from "./clone.ts";
import { jsonCodec } from "./json.ts";
import { msgpackCodec } from "./msgpack.ts";
import { rawCodec } from "./raw.ts";
import { describeValue } from "./describe.ts";

/**
 * Turns values into bytes and back.
 *
 * Implement it to bring a serialization format of your own; all participants of one segment have
 * to use codecs with the same {@linkcode Codec.id}.
 *
 * @example A codec for one fixed record
 * ```ts
 * import type { Codec } from "./builtin.ts";
 *
 * const scratch = new Uint8Array(8);
 * const point: Codec<{ x: number; y: number }> = {
 *   id: "point.v1",
 *   encode(value) {
 *     const view = new DataView(scratch.buffer);
 *     view.setFloat32(0, value.x);
 *     view.setFloat32(4, value.y);
 *     return scratch;
 *   },
 *   decode(bytes) {
 *     const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
 *     return { x: view.getFloat32(0), y: view.getFloat32(4) };
 *   },
 * };
 * ```
 */
export interface Codec<T = unknown> {
  /**
   * Stored in the segment, so that participants with another codec are refused.
   * 1 to 31 characters of `[A-Za-z0-9._-]`.
   */
  readonly id: string;
  /**
   * Encodes a value. May return a view of a buffer that the next call reuses: the caller copies
   * the bytes at once.
   */
  encode(value: T): Uint8Array;
  /**
   * Decodes a value. `bytes` is never shared memory, is valid during the call alone and is reused
   * after it: the result must not alias it.
   */
  decode(bytes: Uint8Array): T;
}

/**
 * The built-in codecs.
 *
 * - `"msgpack"` (the default): MessagePack, compact, for plain data. Keeps dates, bigints, every kind
 *   of typed array, `NaN` and `Infinity`.
 * - `"json"`: `JSON.stringify` and `JSON.parse`, readable in a dump.
 * - `"raw"`: `Uint8Array` in and out, nothing else.
 * - `"clone"`: the structured clone algorithm with `Map`, `Set`, `RegExp`, `Error` and cycles; the
 *   slowest.
 */
export type CodecName = "msgpack" | "json" | "raw" | "clone";

const BUILT_IN: ReadonlyMap<string, Codec> = new Map(
  [msgpackCodec, jsonCodec, rawCodec, cloneCodec].map((codec) => [codec.id, codec]),
);

const CHOICES = `one of ${[...BUILT_IN.keys()].map((name) => `"${name}"`).join(", ")} ` +
  `or an object { id, encode, decode }`;

const ID_PATTERN = /^[A-Za-z0-9._-]{1,31}$/;

/**
 * Turns the `codec` option into a codec: `undefined` is `"msgpack"`, a name is a built-in codec, and
 * an object is checked and returned as it is.
 *
 * @param codec The name of a built-in codec, a codec, or `undefined` for the default.
 * @returns The codec to use.
 * @throws {TypeError} If the name is unknown, or the object is no codec: its `id` is malformed or
 * belongs to a built-in codec, or `encode` or `decode` is no function.
 *
 * @example
 * ```ts
 * import { resolveCodec } from "./builtin.ts";
 *
 * const json = resolveCodec("json");
 * json.decode(json.encode({ hello: "world" })); // { hello: "world" }
 * ```
 */
export function resolveCodec(codec: CodecName | Codec | undefined): Codec {
  if (codec === undefined) return msgpackCodec;
  if (typeof codec === "string") return builtInCodec(codec);
  if (typeof codec === "object" && codec !== null) return checkedCodec(codec);
  throw new TypeError(`codec must be ${CHOICES}, got ${describeValue(codec)}`);
}

function builtInCodec(name: string): Codec {
  const codec = BUILT_IN.get(name);
  if (codec === undefined) {
    throw new TypeError(`unknown codec ${describeValue(name)}: codec must be ${CHOICES}`);
  }
  return codec;
}

function checkedCodec(codec: Codec): Codec {
  const { id, encode, decode } = codec;
  if (typeof id !== "string" || !ID_PATTERN.test(id)) {
    throw new TypeError(
      `codec.id must be 1 to 31 characters of A-Z, a-z, 0-9, ".", "_" or "-", ` +
        `got ${describeValue(id)}`,
    );
  }
  const builtIn = BUILT_IN.get(id);
  if (builtIn !== undefined && builtIn !== codec) {
    throw new TypeError(`codec.id "${id}" belongs to a built-in codec: choose another id`);
  }
  if (typeof encode !== "function") {
    throw new TypeError(
      `encode of codec "${id}" must be a function, got ${describeValue(encode)}`,
    );
  }
  if (typeof decode !== "function") {
    throw new TypeError(
      `decode of codec "${id}" must be a function, got ${describeValue(decode)}`,
    );
  }
  return codec;
}
