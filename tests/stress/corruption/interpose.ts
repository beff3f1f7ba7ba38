/**
 * Overwrites within the calls of a socket: between any two calls into the module of the ring.
 *
 * @module
 */

import type { Socket } from "../../../mod.ts";
import type { RingExports } from "../../../wasm/ring_exports.ts";

/** The private parts of a socket. */
export interface Opened {
  attachment: { ring: RingExports; words: Int32Array };
}

/** Calls `after` when a call of a socket into its module has returned. */
export function interpose(socket: Socket, after: () => void): void {
  replaceRing(socket, (ring) => {
    const wrapped: Record<string, (...args: unknown[]) => unknown> = {};
    for (const [name, call] of Object.entries(ring)) {
      wrapped[name] = (...args) => {
        const result = (call as (...args: unknown[]) => unknown)(...args);
        after();
        return result;
      };
    }
    return wrapped as unknown as RingExports;
  });
}

/** Gives a socket another module. */
export function replaceRing(socket: Socket, change: (ring: RingExports) => RingExports): void {
  const { attachment } = socket as unknown as Opened;
  Object.defineProperty(attachment, "ring", { value: change(attachment.ring) });
}
