/**
 * `postMessage` between a thread and its worker. A message is cloned, since the sender continues to use
 * its `Uint8Array`.
 *
 * The queue of `postMessage` has no limit: the receiver returns a credit for every half window, and the
 * sender waits for one when the window is full. Otherwise the figures would measure memory.
 */
import type { Link } from "./roles.js";

/** The common part of `Worker` and the worker's own scope. */
export interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

export function portConnection<Message>(
  port: Port,
  window: number,
  close: () => void,
): Link<Message> {
  const creditSize = Math.max(1, window >> 1);
  const queue: Message[] = [];
  let readIndex = 0;
  let creditDue = 0;
  let inFlight = 0;
  let onMessage: (() => void) | undefined;
  let onCredit: (() => void) | undefined;

  port.onmessage = ({ data }) => {
    if (typeof data === "number") {
      inFlight -= data;
      onCredit?.();
    } else {
      queue.push(data);
      onMessage?.();
    }
  };

  return {
    async send(message) {
      while (inFlight >= window) await new Promise<void>((resolve) => onCredit = resolve);
      inFlight++;
      port.postMessage(message);
    },
    async receive() {
      while (readIndex === queue.length) {
        queue.length = readIndex = 0;
        await new Promise<void>((resolve) => onMessage = resolve);
      }
      if (++creditDue === creditSize) {
        port.postMessage(creditDue);
        creditDue = 0;
      }
      return queue[readIndex++];
    },
    close,
  };
}
