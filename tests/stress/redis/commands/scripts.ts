/**
 * Scripts: conversions, the libraries of Redis, and commands of other types that a script calls.
 *
 * @module
 */

import fc from "fast-check";
import { type Template, template } from "../template.ts";
import { HASHES } from "./hashes.ts";
import { KEYS } from "./keys.ts";
import { LISTS } from "./lists.ts";
import { SETS } from "./sets.ts";
import { SORTED_SETS } from "./sorted_sets.ts";
import { STREAMS } from "./streams.ts";
import { STRINGS } from "./strings.ts";

const LIMITS = [0, -1, 127, 128, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 31)];
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(...LIMITS, 0.1, 1e20, 1e300))
  .map(literal);

function literal(value: number): string {
  if (Number.isNaN(value)) return "(0/0)";
  if (!Number.isFinite(value)) return value > 0 ? "(1/0)" : "(-1/0)";
  return Object.is(value, -0) ? "(-0)" : `(${value})`;
}

const escaped = (bytes: Iterable<number>) =>
  `"${Array.from(bytes, (byte) => `\\${String(byte).padStart(3, "0")}`).join("")}"`;
const text = fc.uint8Array({ maxLength: 12 }).map(escaped);
const name = fc.stringMatching(/^[a-z]{1,4}$/);

const value = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    number,
    text,
    fc.constantFrom("true", "false", "cjson.null", "nil"),
    fc.array(tie("value"), { maxLength: 5 }).map((items) => `{${items.join(",")}}`),
    fc.dictionary(name, tie("value"), { maxKeys: 4 }).map((fields) => {
      const entries = Object.entries(fields).map(([key, each]) => `["${key}"]=${each}`);
      return `{${entries.join(",")}}`;
    }),
  ),
})).value;

const PIECES = ["", '"', "{", "]", ",", ":", "\\", "x", "1", "-", "+", " ", "\\u12", "\0"];
/** Texts of JSON, and such in which a part is replaced. */
const json = fc.oneof(
  fc.json(),
  fc.tuple(fc.json(), fc.nat(40), fc.nat(3), fc.constantFrom(...PIECES)).map(
    ([whole, at, length, piece]) => whole.slice(0, at) + piece + whole.slice(at + length),
  ),
).map((whole) => escaped(new TextEncoder().encode(whole)));

const OPTIONS = [
  "b",
  "B",
  "h",
  "H",
  "i",
  "I",
  "l",
  "L",
  "f",
  "d",
  "s",
  "x",
  "i2",
  "I3",
  "i8",
  "c3",
];
const layout = fc.array(fc.constantFrom(...OPTIONS, "<", ">", "!", "!4", "!8"), { maxLength: 6 })
  .map((parts) => `"${parts.join("")}"`);
const BIT_FUNCTIONS = ["band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "tohex"];

/** Shows all that a value has. */
const SHOW = `local function show(x)
  if type(x) == 'number' then return string.format('%.17g', x) end
  if type(x) ~= 'table' then return type(x) == 'string' and x or type(x) end
  local parts = {}
  for key, item in pairs(x) do parts[#parts + 1] = show(key) .. '=' .. show(item) end
  table.sort(parts)
  return '{' .. table.concat(parts, ',') .. '}'
end
`;

function script(...parts: (string | fc.Arbitrary<string>)[]): Template {
  const all = parts.map((part) => typeof part === "string" ? fc.constant(part) : part);
  return template("EVAL", [fc.tuple(...all).map((texts) => texts.join("")), "0"]);
}

const LIBRARIES: readonly Template[] = [
  script("return ", value),
  script("redis.setresp(3) return ", value),
  script("return cjson.encode(", value, ")"),
  script("return cjson.encode(cjson.decode(", json, "))"),
  script(`${SHOW}return {pcall(function() return show(cjson.decode(`, json, ")) end)}"),
  script("return cmsgpack.pack(", value, ")"),
  script(`${SHOW}return show(cmsgpack.unpack(cmsgpack.pack(`, value, ")))"),
  script(`${SHOW}return {pcall(function() return show({cmsgpack.unpack(`, text, ")}) end)}"),
  script("return struct.pack(", layout, ", ", number, ", ", number, ", ", text, ", ", number, ")"),
  script(`${SHOW}return show({struct.unpack(`, layout, ", ", text, " .. ('x'):rep(40), 3)})"),
  script(
    "return {pcall(bit.",
    fc.constantFrom(...BIT_FUNCTIONS),
    ", ",
    number,
    ", ",
    number,
    ")}",
  ),
  script("local n = ", number, " return string.format('%d %5.3f %g %x %s', n, n, n, n, n)"),
  script("return {string.gsub(", text, ", ", text, ", ", text, ")}"),
];

/** Calls a command of another type by a script. */
function calledBy(call: "call" | "pcall"): (command: Template) => Template {
  const script = `return redis.${call}(unpack(ARGV))`;
  return ({ words, comparison }) => ({
    words: words.map((all) => ["EVAL", script, "0", ...all]),
    comparison,
  });
}

const OTHERS = [KEYS, STRINGS, HASHES, SETS, LISTS, SORTED_SETS, STREAMS].flat();

export const SCRIPTS: readonly Template[] = [
  ...Array.from({ length: 4 }, () => LIBRARIES).flat(),
  ...OTHERS.map(calledBy("call")),
  ...OTHERS.map(calledBy("pcall")),
];
