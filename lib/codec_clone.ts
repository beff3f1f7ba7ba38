/**
 * The `"clone"` codec.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { describeValue, isStackOverflow, messageOf } from "./codec_error.ts";
import { findOffender } from "./codec_inspect.ts";
import { bytesOf, copyToTypedArray, kindByCode, kindOf } from "./codec_typed_array.ts";

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

type V8 = typeof import("node:v8");

/** Stands for `DataView`, next to the codes of the typed arrays. */
const DATA_VIEW = 0;

interface Engine {
  serialize(value: unknown): Uint8Array;
  deserialize(bytes: Uint8Array): unknown;
}

let engine: Engine | undefined;

/** Loaded at first use: it takes a dozen milliseconds, which other codecs need not pay. */
function loadEngine(): Engine {
  return engine ??= engineOf(process.getBuiltinModule("node:v8"));
}

function engineOf(v8: V8): Engine {
  class ViewSerializer extends v8.Serializer {
    constructor() {
      super();
      treatViewsAsHostObjects(this);
    }

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

  return {
    serialize(value) {
      const serializer = new ViewSerializer();
      serializer.writeHeader();
      serializer.writeValue(value);
      return serializer.releaseBuffer();
    },
    deserialize(bytes) {
      const deserializer = new ViewDeserializer(bytes);
      deserializer.readHeader();
      return deserializer.readValue();
    },
  };
}

/** Missing from the types: Node.js documents it only by its own subclass. */
function treatViewsAsHostObjects(serializer: object): void {
  const method = Reflect.get(serializer, "_setTreatArrayBufferViewsAsHostObjects");
  method.call(serializer, true);
}

function encode(value: unknown): Uint8Array {
  const found = findOffender(value, refusalOf, isEntered);
  if (found !== undefined) {
    throw new TypeError(
      `clone cannot encode ${describeValue(found.value)} at ${found.path}: ${found.reason}`,
    );
  }
  try {
    return loadEngine().serialize(value);
  } catch (error) {
    if (isStackOverflow(error)) {
      throw new RangeError("clone cannot encode the value: it is nested too deep", {
        cause: error,
      });
    }
    throw new TypeError(`clone cannot encode the value: ${messageOf(error)}`, { cause: error });
  }
}

/** The engine drops the fields of errors. */
function isEntered(value: object): boolean {
  return !(value instanceof Error);
}

/** What the engine takes without a word though it would arrive empty, or refuses without a path. */
function refusalOf(value: unknown): string | undefined {
  if (typeof value === "function" || typeof value === "symbol") return "send data alone";
  if (typeof value !== "object" || value === null || isClonable(value)) return undefined;
  return "the structured clone algorithm cannot keep its content";
}

const CLONABLE: ReadonlySet<string> = new Set(
  ["Object", "Array", "Map", "Set", "Date", "RegExp", "Error", "DOMException", "ArrayBuffer"]
    .concat("DataView", "Number", "String", "Boolean", "BigInt", "Arguments")
    .map((name) => `[object ${name}]`),
);

function isClonable(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  if (ArrayBuffer.isView(value) || CLONABLE.has(Object.prototype.toString.call(value))) return true;
  // Something else that names its own type: content is in fields at most.
  return Object.keys(value).length > 0;
}

function decode(bytes: Uint8Array): unknown {
  try {
    return loadEngine().deserialize(bytes);
  } catch (error) {
    const reason = isStackOverflow(error) ? "it is nested too deep" : messageOf(error);
    throw new RangeError(`clone cannot decode ${bytes.length} bytes: ${reason}`, {
      cause: error,
    });
  }
}
