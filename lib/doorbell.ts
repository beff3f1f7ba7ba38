/**
 * Reading a FIFO in the event loop. `node:net` adopts a descriptor without any permission.
 *
 * @module
 */

import { Socket } from "node:net";

/** A FIFO that is being read. */
export interface DoorbellReader {
  /** Stops reading and closes the descriptor. */
  close(): void;
}

/** Calls `onRing` whenever bytes arrive on a FIFO. Does not keep the process alive. */
export function openDoorbell(fd: number, onRing: () => void): DoorbellReader {
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.on("data", onRing);
  socket.on("error", () => {});
  socket.unref();
  return { close: () => void socket.destroy() };
}
