/**
 * The built-in codecs, and the `codec` option.
 *
 * @module
 */

import { cloneCodec } from "./clone.ts";
import type { Codec } from "./codec.ts";
import { jsonCodec } from "./json.ts";
import { msgpackCodec } from "./msgpack.ts";
import { rawCodec } from "./raw.ts";
import { describeValue } from "./describe.ts";

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

const CODECS: Record<CodecName, Codec> = {
  msgpack: msgpackCodec,
  json: jsonCodec,
  raw: rawCodec,
  clone: cloneCodec,
};

const BUILT_IN: ReadonlyMap<string, Codec> = new Map(Object.entries(CODECS));

/** Names of the built-in codecs. */
export const CODEC_NAMES: readonly string[] = [...BUILT_IN.keys()];

const CHOICES = `one of ${CODEC_NAMES.map((name) => `"${name}"`).join(", ")} ` +
  `or an object { id, encode, decode }`;

const ID_PATTERN = /^[A-Za-z0-9._-]{1,31}$/;

/**
 * Turns the `codec` option into a codec: `undefined` is `"msgpack"`, a name is a built-in codec, and
 * an object is checked and returned as it is.
 *
 * @param codec The name of a built-in codec, a codec, or `undefined` for the default.
 * @returns The codec to use.
 * @throws {TypeError} If the name is unknown, or the object is no codec: its `id` is malformed or
 * belongs to a built-in codec, or `encode` or `decode` is not a function.
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
