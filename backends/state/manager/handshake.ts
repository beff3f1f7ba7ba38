/**
 * How a client and the server of shared state show each other that they know the same key, without
 * sending it: each proves it over two random numbers, one from either side.
 *
 * @module
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { formatValue } from "../../../lib/base/options.ts";

/** Bytes of a random number. */
export const NONCE_BYTES = 32;

/** Who proves it: neither can send back the proof of the other. */
export type ProvingSide = "client" | "server";

/** The two random numbers of a connection. */
export interface Nonces {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/** A random number that was never used. */
export function makeNonce(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
}

/** What a side that knows the key sends. */
export function proofOf(authkey: Uint8Array, side: ProvingSide, nonces: Nonces): Uint8Array {
  return createHmac("sha256", authkey).update(`ringbus state ${side}`)
    .update(nonces.client).update(nonces.server).digest();
}

/** True if a proof is that of a side which knows the key; the time it takes tells nothing of it. */
export function isProof(
  proof: Uint8Array,
  authkey: Uint8Array,
  side: ProvingSide,
  nonces: Nonces,
): boolean {
  const expected = proofOf(authkey, side, nonces);
  return proof.length === expected.length && timingSafeEqual(proof, expected);
}

/** A copy of a key. Throws unless it can be one. */
export function checkAuthkey(name: string, authkey: Uint8Array): Uint8Array {
  if (authkey instanceof Uint8Array && authkey.length > 0) return authkey.slice();
  // A text may be the key itself.
  const shown = authkey instanceof Uint8Array
    ? "an empty one"
    : typeof authkey === "string"
    ? "text"
    : formatValue(authkey);
  throw new TypeError(
    `${name} must be a Uint8Array that all clients share and nobody else knows, such as 32 random ` +
      `bytes from a secret store, not ${shown}`,
  );
}
