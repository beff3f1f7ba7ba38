/**
 * The `"clone"` codec.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import type { Codec } from "./codec.ts";
import { singleLineMessage } from "../base/thrown.ts";
import { checkEncodable, isPlain } from "./value_check.ts";
import { bytesOf, copyToTypedArray, kindByCode, kindOf, viewProblem } from "./typed_array.ts";

/**
 * The structured clone algorithm in the format of V8. It keeps plain data, and `Map`, `Set`, `RegExp`,
 * `Error`, boxed primitives, invalid dates, sparse arrays, `undefined`, cycles and objects with
 * several references. As with `postMessage`, class instances arrive as plain objects with their own
 * fields, and errors keep only `name`, `message`, `stack` and `cause`.
 *
 * Unlike `structuredClone`, a view (typed array or `DataView`) is sent without the rest of its
 * buffer: two views of one buffer arrive with a buffer each. `encode` throws for functions, symbols,
 * `SharedArrayBuffer`, `WeakMap`, promises, and platform objects that would arrive empty, such as
 * `URL` and `Blob`.
 *
 * All participants must run versions of Deno whose V8 formats are compatible.
 */
export const cloneCodec: Codec = Object.freeze({ id: "clone", encode, decode });

/** Code of `DataView`, beside the codes of the typed arrays. */
const DATA_VIEW = 0;

let engine: ReturnType<typeof loadEngine> | undefined;

/** Loads `node:v8`. That takes a dozen milliseconds, so it is done at first use. */
function loadEngine() {
  const v8 = process.getBuiltinModule("node:v8");

  class ViewSerializer extends v8.Serializer {
    _writeHostObject(view: ArrayBufferView): void {
      const bytes = bytesOf(view);
      this.writeUint32(kindOf(view)?.code ?? DATA_VIEW);
      this.writeUint32(bytes.length);
      this.writeRawBytes(bytes);
    }
  }

  class ViewDeserializer extends v8.Deserializer {
    _readHostObject(): ArrayBufferView {
      const code = this.readUint32();
      const bytes = this.readRawBytes(this.readUint32());
      if (code === DATA_VIEW) return new DataView(new Uint8Array(bytes).buffer);
      const kind = kindByCode(code);
      if (kind === undefined) throw new RangeError(`unknown kind ${code} of typed array`);
      return copyToTypedArray(kind, bytes);
    }
  }

  return { ViewSerializer, ViewDeserializer };
}

/** Calls a method that the types lack: Node.js uses it in a subclass and does not document it. */
function treatViewsAsHostObjects(serializer: object): void {
  const method = Reflect.get(serializer, "_setTreatArrayBufferViewsAsHostObjects");
  method.call(serializer, true);
}

function encode(value: unknown): Uint8Array {
  try {
    checkEncodable("clone", value, validate, true);
    engine ??= loadEngine();
    const serializer = new engine.ViewSerializer();
    treatViewsAsHostObjects(serializer);
    serializer.writeHeader();
    serializer.writeValue(value);
    return serializer.releaseBuffer();
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    throw new RangeError("clone cannot encode the value: it is nested too deep", { cause: error });
  }
}

/** Rejects what V8 would encode as empty, and what V8 would reject without a path. */
function validate(value: unknown): string | boolean {
  if (typeof value === "function" || typeof value === "symbol") return "send only data";
  if (typeof value !== "object" || value === null) return false;
  if (ArrayBuffer.isView(value)) {
    return viewProblem(value) ?? false;
  }
  // The engine drops the fields of errors.
  if (value instanceof Error) return false;
  return isClonable(value) || "the structured clone algorithm cannot keep its content";
}

const CLONABLE =
  /^\[object (Object|Array|Map|Set|Date|RegExp|Error|DOMException|ArrayBuffer|Number|String|Boolean|BigInt)\]$/;

function isClonable(value: object): boolean {
  // An object with a type tag of its own: it can be cloned if its content is in fields.
  return isPlain(value) || CLONABLE.test(Object.prototype.toString.call(value)) ||
    Object.keys(value).length > 0;
}

function decode(bytes: Uint8Array): unknown {
  try {
    engine ??= loadEngine();
    const deserializer = new engine.ViewDeserializer(bytes);
    deserializer.readHeader();
    return deserializer.readValue();
  } catch (error) {
    const reason = isStackOverflow(error) ? "it is nested too deep" : singleLineMessage(error);
    throw new RangeError(`clone cannot decode ${pluralize(bytes.length, "byte")}: ${reason}`, {
      cause: error,
    });
  }
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && /call stack/i.test(error.message);
}
