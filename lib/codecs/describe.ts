/**
 * Values and errors in the error messages of codecs.
 *
 * @module
 */

const MAX_SHOWN = 48;

/** Formats any value for an error message: short and on one line. Never throws. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(shorten(value));
    case "bigint":
      return describeBigInt(value);
    case "symbol":
      return shorten(String(value));
    case "function":
      return value.name ? `function ${shorten(value.name)}` : "an anonymous function";
    case "object":
      return value === null ? "null" : describeObject(value);
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
}

function describeBigInt(value: bigint): string {
  const limit = 1n << 128n;
  return value < limit && value > -limit ? `${value}n` : "a bigint of more than 128 bits";
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return "an array";
  const name = typeName(value);
  return name === "Object" ? "an object" : `an instance of ${shorten(name)}`;
}

/** The name of an object's class, or `"Object"` if it has none. The object may be hostile. */
function typeName(value: object): string {
  try {
    const name: unknown = value.constructor?.name;
    return typeof name === "string" && name !== "" ? name : "Object";
  } catch {
    return "Object";
  }
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
