/**
 * `XADD`
 *
 * @module
 */

import { FIRST_ID, LAST_ID, StreamId } from "../../store/stream_id.ts";
import { StreamValue } from "../../store/stream_value.ts";
import type { Client } from "../engine/client.ts";
import { err, wrongArity } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { parseOpenId, toId } from "./stream_ids.ts";
import { type Trim, TrimOptions, trimStream } from "./stream_trim.ts";

const NOT_GREATER = err(
  "The ID specified in XADD is equal or smaller than the target stream top item",
);

/** What Redis says when a millisecond has had all its ids. */
const NO_SEQUENCE_LEFT = err("Elements are too large to be stored");

/** What the command is given. */
interface Addition {
  /** The word of the id. */
  readonly id: string;
  readonly fields: readonly string[];
  /** False if a stream that does not exist is not made. */
  readonly isMaking: boolean;
  readonly trim: Trim | undefined;
}

/** The command. */
export function xadd(client: Client, args: readonly string[]): Reply {
  const { db } = client;
  const [key] = args;
  const { id: word, fields, isMaking, trim } = additionOf(args);
  const nextId = idMaker(word, client.nowMs);
  if (!isMaking && db.entryOf(key, "stream") === undefined) return null;
  const stream = db.collection(key, "stream", () => new StreamValue());
  const id = nextId(stream.lastId);
  stream.append(id, fields);
  db.changed(key, "xadd");
  if (trim !== undefined && trimStream(stream, trim) > 0) db.changed(key, "xtrim");
  return id.toString();
}

/** Reads the words after the key. */
function additionOf(words: readonly string[]): Addition {
  const options = new TrimOptions();
  let isMaking = true;
  let at = 1;
  for (; at < words.length && words[at] !== "*"; at++) {
    const end = options.read(words, at);
    if (end !== undefined) at = end;
    else if (words[at].toUpperCase() === "NOMKSTREAM") isMaking = false;
    else break;
  }
  if (at < words.length) checkId(words[at]);
  const trim = options.finish(false);
  const fields = words.slice(at + 1);
  if (fields.length < 2 || fields.length % 2 === 1) throw wrongArity("xadd");
  return { id: words[at], fields, isMaking, trim };
}

function checkId(word: string): void {
  if (word !== "*" && parseOpenId(word) === undefined) toId(word);
}

/** Finds the id of an entry from the last one of the stream. Throws if the word is never possible. */
function idMaker(word: string, nowMs: number): (lastId: StreamId) => StreamId {
  if (word === "*") return (lastId) => generated(lastId, nowMs);
  const ms = parseOpenId(word);
  if (ms !== undefined) return (lastId) => inMillisecond(ms, lastId);
  const id = toId(word);
  if (id.compare(FIRST_ID) === 0) {
    throw err("The ID specified in XADD must be greater than 0-0");
  }
  return (lastId) => after(lastId, id);
}

/** The id of an entry that is added now. If the clock is behind the stream, the next one. */
function generated(lastId: StreamId, nowMs: number): StreamId {
  if (lastId.ms < nowMs) return new StreamId(BigInt(nowMs), 0n);
  return lastId.next() ?? after(lastId, lastId);
}

function inMillisecond(ms: bigint, lastId: StreamId): StreamId {
  if (ms !== lastId.ms) return after(lastId, new StreamId(ms, 0n));
  const next = lastId.next();
  if (next !== undefined && next.ms !== ms) throw NO_SEQUENCE_LEFT;
  return after(lastId, next ?? lastId);
}

function after(lastId: StreamId, id: StreamId): StreamId {
  if (lastId.compare(LAST_ID) === 0) {
    throw err("The stream has exhausted the last possible ID, unable to add more items");
  }
  if (id.compare(lastId) <= 0) throw NOT_GREATER;
  return id;
}
