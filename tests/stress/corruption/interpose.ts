/**
 * Strikes in the middle of a socket's calls: between any two calls into the ring's module.
 *
 * @module
 */

import type { Socket } from "../../../mod.ts";
import type { RingExports } from "../../../wasm/ring_exports.ts";

/** The parts of a socket that are not public. */
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
