/**
 * The `"clone"` codec.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { messageOf } from "./describe.ts";
import { checkEncodable, isPlain } from "./value_check.ts";
import { bytesOf, copyToTypedArray, isDetached, kindByCode, kindOf } from "./typed_array.ts";

/**
 * The structured clone algorithm in the engine's own format: what the plain-data codecs keep, and
 * `Map`, `Set`, `RegExp`, `Error`, boxed primitives, invalid dates, sparse arrays, `undefined`,
 * cycles and objects that are referred to more than once. As with `postMessage`, class instances
 * arrive as plain objects with their own fields, and errors keep `name`, `message`, `stack` and
 * `cause` alone.
 *
 * Unlike `structuredClone`, a view (typed array or `DataView`) is sent without the rest of its
 * buffer: two views of one buffer arrive with a buffer each. Refused with an error: functions,
 * symbols, `SharedArrayBuffer`, `WeakMap`, promises, and objects of the platform that would arrive
 * empty, such as `URL` and `Blob`.
 *
 * The format is that of V8: participants must run versions of Deno whose formats agree.
 */
export const cloneCodec: Codec = Object.freeze({ id: "clone", encode, decode });

/** Stands for `DataView`, next to the codes of the typed arrays. */
const DATA_VIEW = 0;

let engine: ReturnType<typeof loadEngine> | undefined;

/** At first use: it takes a dozen milliseconds, which other codecs need not pay. */
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

/** Missing from the types: Node.js documents it only by its own subclass. */
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

/** Refuses what the engine takes though it would arrive empty, or refuses without a path. */
function validate(value: unknown): string | boolean {
  if (typeof value === "function" || typeof value === "symbol") return "send data alone";
  if (typeof value !== "object" || value === null) return false;
  if (ArrayBuffer.isView(value)) {
    return isDetached(value.buffer) && "its ArrayBuffer is detached: it was transferred";
  }
  // The engine drops the fields of errors.
  if (value instanceof Error) return false;
  return isClonable(value) || "the structured clone algorithm cannot keep its content";
}

const CLONABLE =
  /^\[object (Object|Array|Map|Set|Date|RegExp|Error|DOMException|ArrayBuffer|Number|String|Boolean|BigInt)\]$/;

function isClonable(value: object): boolean {
  // Something else that names its own type: content is in fields at most.
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
    const reason = isStackOverflow(error) ? "it is nested too deep" : messageOf(error);
    throw new RangeError(`clone cannot decode ${bytes.length} bytes: ${reason}`, {
      cause: error,
    });
  }
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && /call stack/i.test(error.message);
}
