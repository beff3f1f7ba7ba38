/**
 * Finds the values in a message that its codec cannot keep.
 *
 * @module
 */

import { describeValue } from "./describe.ts";

/**
 * Validates a value that is not a string, number, boolean, `null` or `undefined`. Returns the reason
 * why it is rejected, or whether its content must be validated too.
 */
export type Validator = (value: unknown) => string | boolean;

/** Most levels of nested arrays and objects. */
export const MAX_DEPTH = 512;

/** From this depth on, each array and object is compared with those that contain it. */
const CYCLE_CHECK_DEPTH = 32;

const CYCLE = "it contains itself";

/** A rejected value, and the keys that lead to it, innermost first. */
interface Rejection {
  readonly value: unknown;
  readonly reason: string;
  readonly keys: (string | number)[];
}

/**
 * Checks a message. If `cyclic`, cycles and any depth are allowed, and the items of `Map` and `Set` are
 * validated.
 *
 * @throws {TypeError} with the first value that is rejected, and its path
 */
export function checkEncodable(
  codec: string,
  root: unknown,
  validate: Validator,
  cyclic = false,
): void {
  const visited = cyclic ? new Set() : [];
  const rejection = search(root, validate, 0, visited);
  if (rejection === undefined) return;
  const { value, reason } = rejection;
  const keys = rejection.keys.reverse();
  if (reason === CYCLE) {
    const owners = [...visited].slice(0, keys.length + 1);
    const start = owners.findIndex((owner, index) => owners.includes(owner, index + 1));
    const end = owners.indexOf(owners[start], start + 1);
    throw new TypeError(
      `${codec} cannot encode a cycle: ${pathOf(keys.slice(0, end))} is ` +
        `${pathOf(keys.slice(0, start))} itself; break the cycle, or use codec "clone"`,
    );
  }
  throw new TypeError(
    `${codec} cannot encode ${describeValue(value)} at ${pathOf(keys)}: ${reason}`,
  );
}

/** `visited` has the arrays and objects that contain `value`, or is the set of all visited so far. */
function search(
  value: unknown,
  validate: Validator,
  depth: number,
  visited: unknown[] | Set<unknown>,
): Rejection | undefined {
  const type = typeof value;
  if (type === "string" || type === "number" || type === "boolean") return undefined;
  if (value === undefined || value === null) return undefined;
  const verdict = validate(value);
  if (verdict === false) return undefined;
  if (verdict !== true) return { value, reason: verdict, keys: [] };
  if (Array.isArray(visited)) {
    visited[depth] = value;
    if (depth >= CYCLE_CHECK_DEPTH && visited.indexOf(value) < depth) {
      return { value, reason: CYCLE, keys: [] };
    }
    if (depth >= MAX_DEPTH) {
      return { value, reason: `it is nested more than ${MAX_DEPTH} deep`, keys: [] };
    }
  } else {
    if (visited.has(value)) return undefined;
    visited.add(value);
    // Validated as the array of its items.
    if (value instanceof Map || value instanceof Set) value = [...value];
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const rejection = search(value[index], validate, depth + 1, visited);
      if (rejection !== undefined) return prependKey(index, rejection);
    }
  } else {
    for (const key of Object.keys(value as object)) {
      const rejection = search(
        (value as Record<string, unknown>)[key],
        validate,
        depth + 1,
        visited,
      );
      if (rejection !== undefined) return prependKey(key, rejection);
    }
  }
  return undefined;
}

function prependKey(key: string | number, rejection: Rejection): Rejection {
  rejection.keys.push(key);
  return rejection;
}

const SHOWN_ENDS = 8;

function pathOf(keys: readonly (string | number)[]): string {
  const steps = keys.map((key) =>
    typeof key === "string" && /^[\p{ID_Start}$_][\p{ID_Continue}$]{0,31}$/u.test(key)
      ? `.${key}`
      : `[${describeValue(key)}]`
  );
  const hidden = steps.length - 2 * SHOWN_ENDS;
  if (hidden > 0) steps.splice(SHOWN_ENDS, hidden, `…(${hidden} more)…`);
  return `$${steps.join("")}`;
}

/** True for an object without a class, plain objects of other realms included. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype ||
    Object.getPrototypeOf(prototype) === null;
}
