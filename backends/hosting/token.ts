/**
 * Tokens, and their comparison in constant time.
 *
 * @module
 */

import { pluralize } from "../../lib/base/pluralize.ts";
import { createHash, timingSafeEqual } from "node:crypto";
import { formatValue } from "../../lib/base/options.ts";

const TOKEN = /^[\x21-\x7e]{1,512}$/;

/** Checks a token: it stands in a header and in a line. */
export function checkToken(name: string, token: unknown): string {
  if (typeof token === "string" && TOKEN.test(token)) return token;
  throw new TypeError(
    `${name} must be 1 to 512 visible ASCII characters, not ${describeToken(token)}`,
  );
}

/** Never shows a token. */
function describeToken(token: unknown): string {
  if (typeof token !== "string") return formatValue(token);
  if (token.length === 0) return "empty";
  const others = /^[\x21-\x7e]*$/.test(token) ? "" : " with others among them";
  return `${pluralize(token.length, "character")}${others}`;
}

/** Returns a function that compares texts with a secret. Its time does not depend on where they differ. */
export function secretMatcher(secret: string): (candidate: string) => boolean {
  const expected = digest(secret);
  return (candidate) => timingSafeEqual(digest(candidate), expected);
}

/** A digest, so that all texts have the same length. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
