/**
 * Messages with unique, checkable contents, and receiving them in a given interleaving of calls.
 *
 * @module
 */

import type { ReceivingSocket } from "../../../mod.ts";

/** Bytes of the smallest message: its index. */
export const MIN_BYTES = 4;
const MAX_BYTES = 64 * 1024;

/** A receiving call. */
export type ReceiveCall = "tryRecv" | "recvSync" | "recv" | "into" | "intoSync" | "drain" | "view";

/** A message as both sides know it: index, size, and a sum over all bytes and their places. */
export type Digest = [index: number, size: number, sum: number];

/** The message of an index, whose bytes all depend on it. */
export function makeMessage(index: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = index * 31 + i * 7;
  new DataView(bytes.buffer).setUint32(0, index, true);
  return bytes;
}

/** A digest that identifies a message. */
export function digest(bytes: Uint8Array<ArrayBufferLike>): Digest {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) sum = (Math.imul(sum, 31) + bytes[i]) | 0;
  const index = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24);
  return [index, bytes.length, sum];
}

/** Receives with the calls of `plan` in turn until the message of index `last` has arrived. */
export async function replay(
  socket: ReceivingSocket<unknown>,
  plan: ReceiveCall[],
  last: number,
  timeoutMs: number,
): Promise<Digest[]> {
  const digests: Digest[] = [];
  const deadline = performance.now() + timeoutMs;
  for (let step = 0; digests.at(-1)?.[0] !== last; step++) {
    if (performance.now() > deadline) throw new Error(`only ${digests.length} messages arrived`);
    const call = CALLS[plan[step % plan.length]];
    digests.push(...await call(socket as ReceivingSocket<Uint8Array>, timeoutMs));
  }
  return digests;
}

const target = new Uint8Array(MAX_BYTES);

type Call = (
  socket: ReceivingSocket<Uint8Array>,
  timeoutMs: number,
) => Digest[] | Promise<Digest[]>;

const CALLS: Record<ReceiveCall, Call> = {
  tryRecv: (socket) => digestsOf(socket.tryRecv()),
  recvSync: (socket, timeoutMs) => digestsOf(socket.recvSync({ timeoutMs })),
  recv: async (socket, timeoutMs) => digestsOf(await socket.recv({ timeoutMs })),
  into: (socket) => digestsInto(socket.tryRecvInto(target)),
  intoSync: (socket, timeoutMs) => digestsInto(socket.recvIntoSync(target, { timeoutMs })),
  drain: (socket) => socket.drain(7).map(digest),
  view: (socket) => digestsOfView(socket),
};

function digestsOf(bytes: Uint8Array | undefined): Digest[] {
  return bytes === undefined ? [] : [digest(bytes)];
}

function digestsInto(length: number): Digest[] {
  return length < 0 ? [] : [digest(target.subarray(0, length))];
}

/** A view counts as missed when it was overwritten before it was disposed, which is the last moment. */
function digestsOfView(socket: ReceivingSocket<Uint8Array>): Digest[] {
  const view = socket.recvView();
  if (view === undefined) return [];
  const { missed } = socket.statistics();
  const seen = digest(view.bytes);
  view[Symbol.dispose]();
  return socket.statistics().missed === missed ? [seen] : [];
}
