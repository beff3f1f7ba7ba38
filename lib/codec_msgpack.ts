/**
 * The `"msgpack"` codec.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { describeValue, isStackOverflow, messageOf } from "./codec_error.ts";
import { findCycle, findOffender } from "./codec_inspect.ts";
import { MsgpackDecoder } from "./codec_msgpack_decoder.ts";
import { MsgpackEncoder, Refusal } from "./codec_msgpack_encoder.ts";

const encoder = new MsgpackEncoder();
const decoder = new MsgpackDecoder();
let encoding = false;

/**
 * MessagePack for plain data: `null`, booleans, numbers (with `NaN`, `Infinity` and `-0`), bigints
 * of any size, strings (lone surrogates too), arrays, plain objects, valid `Date`s, typed arrays of
 * every kind, `ArrayBuffer` and `DataView`. All of them arrive as what they were, in buffers of
 * their own; a subclass of a typed array arrives as its built-in base.
 *
 * As with JSON, properties that are `undefined` or have a symbol as the key are left out, and
 * `undefined` in an array arrives as `null`. Functions, symbols, `Map`, `Set`, instances of other
 * classes, invalid dates, cycles and more than 512 levels are refused with an error that names the
 * path.
 */
export const msgpackCodec: Codec = Object.freeze({ id: "msgpack", encode, decode });

function encode(value: unknown): Uint8Array {
  if (value === undefined) throw new TypeError("msgpack cannot encode undefined: send null");
  // A getter or proxy in the value can send a message itself.
  const current = encoding ? new MsgpackEncoder() : encoder;
  const outermost = !encoding;
  encoding = true;
  try {
    return current.encode(value);
  } catch (error) {
    throw explained(error, value);
  } finally {
    if (outermost) encoding = false;
  }
}

function explained(error: unknown, root: unknown): unknown {
  if (isStackOverflow(error)) {
    return new RangeError("msgpack cannot encode the value: too little stack is left", {
      cause: error,
    });
  }
  if (!(error instanceof Refusal)) return error;
  const { value, message } = error;
  const cycle = message === "it contains itself" ? cyclePaths(root) : undefined;
  if (cycle !== undefined) {
    return new TypeError(
      `msgpack cannot encode a cycle: ${cycle.inner} is ${cycle.outer} itself; ` +
        `break the cycle, or use codec "clone"`,
    );
  }
  return new TypeError(
    `msgpack cannot encode ${describeValue(value)}${location(root, value)}: ${message}`,
  );
}

function cyclePaths(root: unknown): ReturnType<typeof findCycle> {
  try {
    return findCycle(root);
  } catch {
    return undefined;
  }
}

/** The path may stay unknown: a getter can throw, or return something else each time. */
function location(root: unknown, value: unknown): string {
  try {
    const found = findOffender(root, (other) => other === value ? "found" : undefined);
    return found === undefined ? "" : ` at ${found.path}`;
  } catch {
    return "";
  }
}

function decode(bytes: Uint8Array): unknown {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    const reason = isStackOverflow(error) ? "too little stack is left" : messageOf(error);
    throw new RangeError(`msgpack cannot decode ${bytes.length} bytes: ${reason}`, {
      cause: error,
    });
  }
}
