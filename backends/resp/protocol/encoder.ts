/**
 * Encodes replies for version 2 or 3 of RESP.
 *
 * @module
 */

import type { WriteBuffer } from "../../tcp/protocol/write_buffer.ts";
import {
  BigNumberReply,
  DoubleReply,
  ErrorReply,
  ManyReplies,
  MapReply,
  NullArray,
  PushReply,
  type Reply,
  SetReply,
  Status,
  VerbatimReply,
} from "./reply.ts";

/** A version of the protocol. */
export type RespVersion = 2 | 3;

/** Line ends would end an error early. */
const LINE_ENDS = /[\r\n]/g;

/** Appends a reply to a buffer. */
export function writeReply(buffer: WriteBuffer, reply: Reply, version: RespVersion): void {
  if (typeof reply === "string") buffer.writeBulk(reply);
  else if (typeof reply === "number") buffer.writeNumber(":", reply);
  else if (reply === null) buffer.writeRaw(version === 3 ? "_\r\n" : "$-1\r\n");
  else if (reply instanceof Status) buffer.writeRaw(`+${reply.text}\r\n`);
  else if (Array.isArray(reply)) writeItems(buffer, "*", reply, version);
  else writeOther(buffer, reply as Exclude<Reply, readonly Reply[]>, version);
}

function writeOther(
  buffer: WriteBuffer,
  reply: Exclude<Reply, readonly Reply[]>,
  version: RespVersion,
): void {
  if (reply instanceof ErrorReply) buffer.writeRaw(`-${reply.text.replace(LINE_ENDS, " ")}\r\n`);
  else if (reply instanceof Uint8Array) buffer.writeBulkBytes(reply);
  else if (typeof reply === "bigint") buffer.writeRaw(`:${reply}\r\n`);
  else if (typeof reply === "boolean") writeBoolean(buffer, reply, version);
  else if (reply instanceof NullArray) buffer.writeRaw(version === 3 ? "_\r\n" : "*-1\r\n");
  else if (reply instanceof DoubleReply) writeDouble(buffer, reply, version);
  else if (reply instanceof MapReply) writeMap(buffer, reply, version);
  else if (reply instanceof SetReply) {
    writeItems(buffer, version === 3 ? "~" : "*", reply.items, version);
  } else if (reply instanceof PushReply) {
    writeItems(buffer, version === 3 ? ">" : "*", reply.items, version);
  } else if (reply instanceof VerbatimReply) writeVerbatim(buffer, reply, version);
  else if (reply instanceof BigNumberReply) writeBig(buffer, reply.text, version);
  else if (reply instanceof ManyReplies) {
    for (const item of reply.items) writeReply(buffer, item, version);
  }
}

function writeItems(
  buffer: WriteBuffer,
  type: string,
  items: readonly Reply[],
  version: RespVersion,
): void {
  buffer.writeNumber(type, items.length);
  for (const item of items) writeReply(buffer, item, version);
}

function writeMap(buffer: WriteBuffer, { items }: MapReply, version: RespVersion): void {
  buffer.writeNumber(version === 3 ? "%" : "*", version === 3 ? items.length / 2 : items.length);
  for (const item of items) writeReply(buffer, item, version);
}

function writeBoolean(buffer: WriteBuffer, value: boolean, version: RespVersion): void {
  if (version === 3) buffer.writeRaw(value ? "#t\r\n" : "#f\r\n");
  else buffer.writeNumber(":", Number(value));
}

function writeDouble(buffer: WriteBuffer, { text }: DoubleReply, version: RespVersion): void {
  if (version === 3) buffer.writeRaw(`,${text}\r\n`);
  else buffer.writeBulk(text);
}

function writeVerbatim(
  buffer: WriteBuffer,
  { text, format }: VerbatimReply,
  version: RespVersion,
): void {
  if (version === 2) return buffer.writeBulk(text);
  buffer.writeNumber("=", text.length + format.length + 1);
  buffer.writeRaw(`${format}:${text}\r\n`);
}

function writeBig(buffer: WriteBuffer, text: string, version: RespVersion): void {
  if (version === 2) buffer.writeBulk(text);
  else buffer.writeRaw(`(${text}\r\n`);
}
