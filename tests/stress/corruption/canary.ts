/**
 * The test of the fuzzer: with two checks disabled it must find bytes that were never a message.
 *
 * @module
 */

import type { Socket } from "../../../mod.ts";
import { type Opened, replaceRing } from "./interpose.ts";

/** Makes a socket follow every reference to a big message and to a reply, without checks. */
export function disableChecks(socket: Socket): void {
  const { attachment } = socket as unknown as Opened;
  replaceRing(socket, (ring) => ({
    ...ring,
    isReply: () => 1,
    foundTag: (offset) => attachment.words[offset >>> 2],
  }));
}
