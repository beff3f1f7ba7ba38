/**
 * Tokens, and comparing them in a time that tells nothing of them.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { formatValue } from "../../lib/base/options.ts";

const TOKEN = /^[\x21-\x7e]{1,512}$/;

/** Throws unless it can stand in a header, and in a line. */
export function checkToken(token: unknown): asserts token is string {
  if (typeof token === "string" && TOKEN.test(token)) return;
  throw new TypeError(
    `token must be 1 to 512 visible ASCII characters, not ${
      typeof token === "string"
        ? `${token.length} characters with others among them`
        : formatValue(token)
    }`,
  );
}

/** A test of texts against a secret; the time it takes does not depend on where they differ. */
export function secretMatcher(secret: string): (candidate: string) => boolean {
  const expected = digest(secret);
  return (candidate) => timingSafeEqual(digest(candidate), expected);
}

/** Of equal length whatever is given. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
