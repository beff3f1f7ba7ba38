/**
 * Ids of entries of streams in the words and in the replies of commands.
 *
 * @module
 */

import { FIRST_ID, LAST_ID, StreamId } from "../../store/stream_id.ts";
import type { StreamFields } from "../../store/stream_value.ts";
import { err } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";

const INVALID = err("Invalid stream ID specified as stream command argument");
const MAX_LENGTH = 127;
const NUMBER = /^\s*\+?\d+$/;
const MAX_UINT64 = 2n ** 64n - 1n;

/** The id in a word, or undefined. A word without a sequence stands for this one. */
export function parseId(text: string, sequence = 0n): StreamId | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const dash = text.indexOf("-");
  const ms = parseUint64(dash === -1 ? text : text.slice(0, dash));
  const second = dash === -1 ? sequence : parseUint64(text.slice(dash + 1));
  return ms === undefined || second === undefined ? undefined : new StreamId(ms, second);
}

function parseUint64(text: string): bigint | undefined {
  if (!NUMBER.test(text)) return undefined;
  const value = BigInt(text.trim());
  return value > MAX_UINT64 ? undefined : value;
}

/** The id in a word, or throws. */
export function toId(text: string, sequence = 0n): StreamId {
  const id = parseId(text, sequence);
  if (id === undefined) throw INVALID;
  return id;
}

/** The milliseconds of a word that leaves the sequence open, such as `5-*`; undefined if it does not. */
export function parseOpenId(text: string): bigint | undefined {
  return text.endsWith("-*") ? toId(text.slice(0, -2)).ms : undefined;
}

/** The same, where `-` and `+` stand for the first and the last id that there can be. */
export function toIdOrEnd(text: string, sequence = 0n): StreamId {
  if (text === "-") return FIRST_ID;
  return text === "+" ? LAST_ID : toId(text, sequence);
}

/** The first id of an interval. After `(`, the one after it. */
export function toIntervalStart(text: string): StreamId {
  return bound(text, 0n, (id) => id.next(), "invalid start ID for the interval");
}

/** The last id of an interval. After `(`, the one before it. */
export function toIntervalEnd(text: string): StreamId {
  return bound(text, MAX_UINT64, (id) => id.previous(), "invalid end ID for the interval");
}

function bound(
  text: string,
  sequence: bigint,
  neighbour: (id: StreamId) => StreamId | undefined,
  problem: string,
): StreamId {
  if (text.length < 2 || text[0] !== "(") return toIdOrEnd(text, sequence);
  const id = neighbour(toId(text.slice(1), sequence));
  if (id === undefined) throw err(problem);
  return id;
}

/** An entry as a reply. */
export function entryReply([id, fields]: readonly [StreamId, StreamFields]): Reply {
  return [id.toString(), fields];
}
