/**
 * Comparing tokens in a time that tells nothing of them.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";

/** A test of tokens against one; the time it takes does not depend on where they differ. */
export function tokenTest(token: string): (candidate: string) => boolean {
  const expected = digest(token);
  return (candidate) => timingSafeEqual(digest(candidate), expected);
}

/** Of one length, whatever the token has. */
function digest(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}
