/**
 * How streams are kept short: `XTRIM`, and options of `XADD`.
 *
 * @module
 */

import { FIRST_ID, type StreamId } from "../../store/stream_id.ts";
import type { StreamValue } from "../../store/stream_value.ts";
import type { Client } from "../engine/client.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { toInteger } from "./numbers.ts";
import { toId } from "./stream_ids.ts";

/** Most entries that a call removes which removes whole nodes only, unless it says otherwise. */
const DEFAULT_LIMIT = 10_000;

const LIMIT_WITHOUT_NODES = err(
  "syntax error, LIMIT cannot be used without the special ~ option",
);

/** What is removed. */
export interface Trim {
  readonly by: "maxlen" | "minid";
  /** Entries that stay. */
  readonly maxLength: number;
  /** The first id that stays. */
  readonly minId: StreamId;
  /** True to remove whole nodes only. */
  readonly isApproximate: boolean;
  /** Most entries that are removed. */
  readonly limit: number;
}

/** Reads the options of trimming, which may stand among others. */
export class TrimOptions {
  #trim: Omit<Trim, "limit"> | undefined = undefined;
  #limit: number | undefined = undefined;

  /** Reads an option at a place; returns the place of its last word, or undefined if it is none. */
  read(words: readonly string[], at: number): number | undefined {
    const name = words[at].toLowerCase();
    if (at + 1 >= words.length) return undefined;
    if (name === "maxlen" || name === "minid") return this.#readStrategy(name, words, at + 1);
    if (name !== "limit") return undefined;
    this.#limit = atLeast0(words[at + 1], "LIMIT");
    return at + 1;
  }

  #readStrategy(by: "maxlen" | "minid", words: readonly string[], at: number): number {
    if (this.#trim !== undefined) {
      throw err(
        "syntax error, MAXLEN and MINID options at the same time are not compatible",
      );
    }
    const hasSign = at + 1 < words.length && (words[at] === "~" || words[at] === "=");
    const end = hasSign ? at + 1 : at;
    const maxLength = by === "maxlen" ? atLeast0(words[end], "MAXLEN") : 0;
    const minId = by === "minid" ? toId(words[end]) : FIRST_ID;
    this.#trim = { by, maxLength, minId, isApproximate: hasSign && words[at] === "~" };
    return end;
  }

  /** What the options say together; undefined if there were none. */
  finish(isNeeded: boolean): Trim | undefined {
    if (this.#trim === undefined) this.#checkNone(isNeeded);
    if (this.#limit !== undefined && !this.#trim?.isApproximate) throw LIMIT_WITHOUT_NODES;
    if (this.#trim === undefined) return undefined;
    const limit = this.#trim.isApproximate ? this.#limit ?? DEFAULT_LIMIT : 0;
    return { ...this.#trim, limit: limit === 0 ? Infinity : limit };
  }

  #checkNone(isNeeded: boolean): void {
    if (this.#limit) {
      throw err(
        "syntax error, LIMIT cannot be used without specifying a trimming strategy",
      );
    }
    if (isNeeded) throw err("syntax error, XTRIM must be called with a trimming strategy");
  }
}

function atLeast0(text: string, name: string): number {
  const value = toInteger(text);
  if (value < 0) throw err(`The ${name} argument must be >= 0.`);
  return value;
}

/** Removes entries at the begin of a stream; returns their number. */
export function trimStream(stream: StreamValue, trim: Trim): number {
  let removed = trimNodes(stream, trim);
  if (trim.isApproximate) return removed;
  while (stream.size > 0 && isOver(stream, trim)) {
    stream.shift();
    removed++;
  }
  return removed;
}

function isOver(stream: StreamValue, { by, maxLength, minId }: Trim): boolean {
  return by === "maxlen" ? stream.size > maxLength : stream.firstId.compare(minId) < 0;
}

/** Removes whole nodes. */
function trimNodes(stream: StreamValue, trim: Trim): number {
  let removed = 0;
  for (let node = stream.nodes.first; node !== undefined; node = stream.nodes.first) {
    const { size, lastId } = node;
    if (!isOver(stream, trim) || removed + size > trim.limit) break;
    const isWhole = trim.by === "maxlen"
      ? stream.size - size >= trim.maxLength
      : lastId.compare(trim.minId) < 0;
    if (!isWhole) break;
    for (let left = size; left > 0; left--) stream.shift();
    removed += size;
  }
  return removed;
}

/** `XTRIM` */
export function xtrim({ db }: Client, [key, ...words]: readonly string[]): Reply {
  const options = new TrimOptions();
  for (let at = 0; at < words.length; at++) {
    const end = options.read(words, at);
    if (end === undefined) throw SYNTAX_ERROR;
    at = end;
  }
  const trim = options.finish(true)!;
  const stream = db.get(key, "stream");
  const removed = stream === undefined ? 0 : trimStream(stream, trim);
  if (removed > 0) db.changed(key, "xtrim");
  return removed;
}
