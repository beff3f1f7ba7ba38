/**
 * The fuzzer's own test: with two of the checks turned off it must find bytes that are no message.
 *
 * @module
 */

import type { Socket } from "../../../mod.ts";
import { type Opened, replaceRing } from "./interpose.ts";

/** Makes a socket follow every reference to a big message and to a reply, whatever stands there. */
export function disableChecks(socket: Socket): void {
  const { attachment } = socket as unknown as Opened;
  replaceRing(socket, (ring) => ({
    ...ring,
    isReply: () => 1,
    foundTag: (offset) => attachment.words[offset >>> 2],
  }));
}
