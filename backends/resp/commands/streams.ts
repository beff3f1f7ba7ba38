/**
 * Commands of streams.
 *
 * @module
 */

import { FIRST_ID, type StreamId } from "../../store/stream_id.ts";
import type { StreamValue } from "../../store/stream_value.ts";
import type { Client } from "../engine/client.ts";
import { commandGroup, type CommandRow, ONE_KEY, row } from "../engine/command.ts";
import { err, NO_SUCH_KEY, SYNTAX_ERROR } from "../engine/errors.ts";
import { NULL_ARRAY, OK, type Reply } from "../protocol/reply.ts";
import { toInteger } from "./numbers.ts";
import { toMost } from "./ranges.ts";
import { xadd } from "./stream_add.ts";
import { xautoclaim, xclaim } from "./stream_claims.ts";
import { XGROUP_ROW } from "./stream_groups.ts";
import { entryReply, toId, toIntervalEnd, toIntervalStart } from "./stream_ids.ts";
import { XINFO_ROW } from "./stream_info.ts";
import { xack, xpending } from "./stream_pending.ts";
import { streamKeys, xread, xreadgroup } from "./stream_reads.ts";
import { xtrim } from "./stream_trim.ts";

const ROWS: readonly CommandRow[] = [
  row("xack", -4, "write fast", ONE_KEY, "5.0.0", "Acknowledges entries of a group.", xack),
  row("xadd", -5, "write denyoom fast", ONE_KEY, "5.0.0", "Adds an entry to a stream.", xadd),
  row(
    "xautoclaim",
    -6,
    "write fast",
    ONE_KEY,
    "6.2.0",
    "Takes over entries that are pending for long.",
    xautoclaim,
  ),
  row("xclaim", -6, "write fast", ONE_KEY, "5.0.0", "Takes over entries that are pending.", xclaim),
  row("xdel", -3, "write fast", ONE_KEY, "5.0.0", "Deletes entries; returns their number.", xdel),
  row("xlen", 2, "readonly fast", ONE_KEY, "5.0.0", "The number of entries.", xlen),
  row("xpending", -3, "readonly", ONE_KEY, "5.0.0", "The entries that are pending.", xpending),
  row(
    "xrange",
    -4,
    "readonly",
    ONE_KEY,
    "5.0.0",
    "The entries between two ids.",
    (client, [key, start, end, ...rest]) => range(client, key, [start, end, ...rest], false),
  ),
  row(
    "xread",
    -4,
    "readonly blocking movablekeys",
    streamKeys,
    "5.0.0",
    "The entries after an id, or waits for some.",
    xread,
  ),
  row(
    "xreadgroup",
    -7,
    "write blocking movablekeys",
    streamKeys,
    "5.0.0",
    "Entries for a consumer of a group, or waits for some.",
    xreadgroup,
  ),
  row(
    "xrevrange",
    -4,
    "readonly",
    ONE_KEY,
    "5.0.0",
    "The entries between two ids, the last one first.",
    (client, [key, end, start, ...rest]) => range(client, key, [start, end, ...rest], true),
  ),
  row(
    "xsetid",
    -3,
    "write denyoom fast",
    ONE_KEY,
    "5.0.0",
    "Sets the last id of a stream.",
    xsetid,
  ),
  row("xtrim", -4, "write", ONE_KEY, "5.0.0", "Removes the first entries of a stream.", xtrim),
  XGROUP_ROW,
  XINFO_ROW,
];

/** Commands of streams. */
export const STREAM_COMMANDS = commandGroup("stream", ROWS);

function xlen({ db }: Client, [key]: readonly string[]): Reply {
  return db.get(key, "stream")?.size ?? 0;
}

function xdel({ db }: Client, [key, ...words]: readonly string[]): Reply {
  const stream = db.get(key, "stream");
  if (stream === undefined) return 0;
  const ids = words.map((word) => toId(word));
  const deleted = ids.filter((id) => stream.delete(id)).length;
  if (deleted > 0) db.changed(key, "xdel");
  return deleted;
}

function range(
  { db }: Client,
  key: string,
  [startWord, endWord, ...rest]: readonly string[],
  isReverse: boolean,
): Reply {
  const [start, end] = [toIntervalStart(startWord), toIntervalEnd(endWord)];
  const count = countOf(rest);
  const stream = db.get(key, "stream");
  if (stream === undefined) return [];
  if (count === 0) return NULL_ARRAY;
  const entries = isReverse ? stream.log.reversed(start, end) : stream.log.range(start, end);
  return entries.take(count).map(entryReply).toArray();
}

function countOf(words: readonly string[]): number {
  let count = Infinity;
  for (let i = 0; i < words.length; i += 2) {
    if (words[i].toUpperCase() !== "COUNT" || i + 1 >= words.length) throw SYNTAX_ERROR;
    count = toMost(words[i + 1]);
  }
  return count;
}

/** What `XSETID` is given after the id. */
interface SetIdOptions {
  entriesAdded: number | undefined;
  maxDeletedId: StreamId;
}

function xsetid({ db }: Client, [key, word, ...rest]: readonly string[]): Reply {
  const id = toId(word);
  const { entriesAdded, maxDeletedId } = setIdOptions(rest, id);
  const stream = db.get(key, "stream");
  if (stream === undefined) throw NO_SUCH_KEY;
  checkLastId(stream, id, entriesAdded);
  stream.lastId = id;
  if (entriesAdded !== undefined) stream.entriesAdded = entriesAdded;
  if (maxDeletedId.compare(FIRST_ID) !== 0) stream.maxDeletedId = maxDeletedId;
  db.changed(key, "xsetid");
  return OK;
}

function setIdOptions(words: readonly string[], id: StreamId): SetIdOptions {
  const options: SetIdOptions = { entriesAdded: undefined, maxDeletedId: FIRST_ID };
  for (let i = 0; i < words.length; i += 2) {
    const name = i + 1 < words.length ? words[i].toUpperCase() : "";
    if (name === "ENTRIESADDED") options.entriesAdded = toEntriesAdded(words[i + 1]);
    else if (name === "MAXDELETEDID") {
      options.maxDeletedId = toId(words[i + 1]);
      if (id.compare(options.maxDeletedId) < 0) {
        throw err(
          "The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
        );
      }
    } else throw SYNTAX_ERROR;
  }
  return options;
}

function toEntriesAdded(text: string): number {
  const count = toInteger(text);
  if (count < 0) throw err("entries_added must be positive");
  return count;
}

function checkLastId(stream: StreamValue, id: StreamId, entriesAdded: number | undefined): void {
  const last = stream.log.lastId;
  if (last === undefined) return;
  if (id.compare(last) < 0) {
    throw err("The ID specified in XSETID is smaller than the target stream top item");
  }
  if (entriesAdded !== undefined && stream.size > entriesAdded) {
    throw err("The entries_added specified in XSETID is smaller than the target stream length");
  }
}
