/**
 * JSON values as YAML. Texts are written as JSON writes them, which YAML reads as well.
 *
 * @module
 */

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Words that YAML reads as something else than text. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

/** A list of values as a document of YAML. */
export function yamlDocument(values: readonly unknown[]): string[] {
  if (values.length === 0) return ["---", "[]"];
  return ["---", ...blockOf(values)];
}

function blockOf(value: object): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => itemLines("- ", item));
  return Object.entries(value).flatMap(([key, member]) => memberLines(keyText(key), member));
}

/** The first line of an item has its dash, the others are indented as much. */
function itemLines(dash: string, item: unknown): string[] {
  if (!isNested(item)) return [dash + scalar(item)];
  const [first, ...others] = blockOf(item);
  return [dash + first, ...others.map((line) => `  ${line}`)];
}

function memberLines(key: string, member: unknown): string[] {
  if (!isNested(member)) return [`${key}: ${scalar(member)}`];
  return [`${key}:`, ...blockOf(member).map((line) => `  ${line}`)];
}

/** True for what takes lines of its own. */
function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function scalar(value: unknown): string {
  return JSON.stringify(value);
}

function keyText(key: string): string {
  return PLAIN_KEY.test(key) && !RESERVED.test(key) ? key : JSON.stringify(key);
}
