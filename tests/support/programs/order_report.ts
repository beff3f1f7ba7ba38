/**
 * Taking part in a channel of many: counting what arrives from each sender, and opening and closing.
 *
 * @module
 */

import {
  type ChannelOptions,
  Publisher,
  Puller,
  Pusher,
  type ReceivingSocket,
  Subscriber,
} from "../../../mod.ts";

/** What one receiver got. */
export interface OrderReport {
  /** Messages by producer. */
  from: number[];
  /** Messages that arrived behind a later one of their producer, or twice. */
  disorders: number;
  missed: number;
}

interface Message {
  p: number;
  n: number;
}

/** Receives until a "stop" arrives, and then the remaining messages. */
export function receiveInOrder(
  socket: ReceivingSocket<unknown>,
  producers: number,
  timeoutMs: number,
): OrderReport {
  const report: OrderReport = { from: Array(producers).fill(0), disorders: 0, missed: 0 };
  const last = Array(producers).fill(-1);
  const count = (value: unknown) => {
    if (value === "stop") return false;
    const { p, n } = value as Message;
    report.from[p]++;
    if (n <= last[p]) report.disorders++;
    last[p] = n;
    return true;
  };
  while (count(socket.recvSync({ timeoutMs }))) continue;
  if (socket instanceof Subscriber) { for (const value of socket.drain()) count(value); }
  report.missed = socket.statistics().missed;
  return report;
}

/** Attaches to two channels and leaves them, again and again; returns the messages sent and received. */
export function attachAndDetach(cycles: number, seed: number, options: ChannelOptions): number {
  let messages = 0;
  for (let cycle = 0; cycle < cycles; cycle++) {
    const bytes = (seed + cycle) % 5 === 0 ? 3000 : 30;
    const isQueue = (seed + cycle) % 3 > 0;
    using sender = isQueue ? new Pusher("queue", options) : new Publisher("news", options);
    using receiver = isQueue ? new Puller("queue", options) : new Subscriber("news", options);
    if (sender.send(new Uint8Array(bytes))) messages++;
    messages += receiver.drain().length;
  }
  return messages;
}
