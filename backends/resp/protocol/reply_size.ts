/**
 * The sizes of replies, which are known before they are encoded: the same value may be in a reply many times,
 * and takes memory each time only then.
 *
 * @module
 */

import {
  BigNumberReply,
  DoubleReply,
  ErrorReply,
  ManyReplies,
  MapReply,
  PushReply,
  type Reply,
  SetReply,
  Status,
  VerbatimReply,
} from "./reply.ts";

/** Bytes of a header: a type, a length and ends of lines. */
const HEADER_BYTES = 24;

/** Approximate bytes of a reply when it is encoded, at least as many as it has. */
export function replyBytes(reply: Reply): number {
  if (typeof reply === "string" || reply instanceof Uint8Array) return reply.length + HEADER_BYTES;
  if (Array.isArray(reply)) return bytesOfItems(reply);
  if (typeof reply !== "object" || reply === null) return HEADER_BYTES;
  return bytesOfObject(reply);
}

function bytesOfObject(reply: object): number {
  if (
    reply instanceof MapReply || reply instanceof SetReply || reply instanceof PushReply ||
    reply instanceof ManyReplies
  ) return bytesOfItems(reply.items);
  if (
    reply instanceof Status || reply instanceof ErrorReply || reply instanceof DoubleReply ||
    reply instanceof VerbatimReply || reply instanceof BigNumberReply
  ) return reply.text.length + HEADER_BYTES;
  return HEADER_BYTES;
}

function bytesOfItems(items: readonly Reply[]): number {
  let sum = HEADER_BYTES;
  for (const item of items) sum += replyBytes(item);
  return sum;
}
