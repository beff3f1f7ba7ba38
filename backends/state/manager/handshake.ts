/**
 * The handshake of a client and the server of shared state. Each side proves that it knows the key,
 * without sending it: it computes a proof over two random numbers, one from each side.
 *
 * @module
 */

import { createHmac, timingSafeEqual } from "node:crypto";

/** Bytes of a random number. */
export const NONCE_BYTES = 32;

/** The side that proves. Neither side can return the proof of the other. */
export type ProvingSide = "client" | "server";

/** The two random numbers of a connection. */
export interface Nonces {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/** Makes a new random number. */
export function makeNonce(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
}

/** The proof of a side that knows the key. */
export function proofOf(authkey: Uint8Array, side: ProvingSide, nonces: Nonces): Uint8Array {
  return createHmac("sha256", authkey).update(`ringbus state ${side}`)
    .update(nonces.client).update(nonces.server).digest();
}

/** True if a proof is valid. The comparison takes the same time for every proof. */
export function isProof(
  proof: Uint8Array,
  authkey: Uint8Array,
  side: ProvingSide,
  nonces: Nonces,
): boolean {
  const expected = proofOf(authkey, side, nonces);
  return proof.length === expected.length && timingSafeEqual(proof, expected);
}
