/**
 * Reading a FIFO in the event loop. `node:net` adopts a descriptor without any permission. It is loaded
 * when a program first waits in its event loop, because it costs 9 MB and 17 ms.
 *
 * @module
 */

import type * as net from "node:net";

/** A FIFO that the event loop reads. */
export interface DoorbellReader {
  /** Stops reading and closes the descriptor. */
  close(): void;
}

/** Calls `onRing` whenever bytes arrive on a FIFO. Does not keep the process alive. */
export function openDoorbell(fd: number, onRing: () => void): DoorbellReader {
  // deno-lint-ignore no-process-global
  const { Socket } = process.getBuiltinModule("node:net") as typeof net;
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.on("data", onRing);
  socket.on("error", () => {});
  socket.unref();
  return { close: () => void socket.destroy() };
}
