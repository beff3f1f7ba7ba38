/**
 * `XCLAIM` and `XAUTOCLAIM`: entries that are pending for one consumer go to another one.
 *
 * @module
 */

import type { Consumer, ConsumerGroup } from "../../store/consumer_group.ts";
import { ENTRY_BYTES } from "../../store/memory_quota.ts";
import { FIRST_ID, LAST_ID, laterId, type StreamId } from "../../store/stream_id.ts";
import type { StreamValue } from "../../store/stream_value.ts";
import type { Client } from "../engine/client.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { toInteger } from "./numbers.ts";
import { toIntegerFrom, toMost } from "./ranges.ts";
import { consumerOf, groupOf, noGroup } from "./stream_groups.ts";
import { entryReply, parseId, toId, toIntervalStart } from "./stream_ids.ts";

/** Pending entries that `XAUTOCLAIM` looks at for each one that it may return. */
const ATTEMPTS = 10;
const MAX_COUNT = (2 ** 63) / 16;

/** How entries are claimed. */
interface Claim {
  readonly client: Client;
  readonly key: string;
  readonly stream: StreamValue;
  readonly group: ConsumerGroup;
  /** Name of the consumer that gets the entries. */
  readonly name: string;
  readonly minIdleMs: number;
  readonly deliveredAtMs: number;
  /** Number of deliveries that is set; undefined: one more than before. */
  readonly deliveries: number | undefined;
  /** True to reply with ids alone, and to count no delivery. */
  readonly isIdOnly: boolean;
  /** True if entries that are not pending are claimed as well. */
  readonly isForced: boolean;
}

/** The consumer of a claim, once it gets something. */
function claimant(
  { client, key, group, name }: Claim,
  getsSomething: boolean,
): Consumer | undefined {
  const consumer = consumerOf(client, key, group, name, getsSomething);
  if (getsSomething) consumer!.activeAtMs = client.nowMs;
  return consumer;
}

function isIdle({ client, minIdleMs }: Claim, deliveredAtMs: number): boolean {
  return minIdleMs === 0 || client.nowMs - deliveredAtMs >= minIdleMs;
}

/** Claims an entry of the stream; its reply, or undefined if it cannot be claimed. */
function claimOne(claim: Claim, id: StreamId): Reply | undefined {
  const { stream, group, isIdOnly, isForced, deliveries } = claim;
  const known = group.pending.get(id);
  if (known === undefined ? !isForced : !isIdle(claim, known.deliveredAtMs)) return undefined;
  if (known === undefined) claim.client.db.reserve(ENTRY_BYTES, 1);
  const before = known?.deliveries ?? 1;
  const count = deliveries ?? (isIdOnly ? before : before + 1);
  group.assign(id, claimant(claim, true)!, claim.deliveredAtMs, count);
  return isIdOnly ? id.toString() : entryReply([id, stream.log.get(id)!]);
}

/** What `XCLAIM` is given after the ids. */
interface ClaimOptions {
  deliveredAtMs: number;
  deliveries: number | undefined;
  isIdOnly: boolean;
  isForced: boolean;
  lastId: StreamId;
}

/** `XCLAIM` */
export function xclaim(client: Client, args: readonly string[]): Reply {
  const [key, groupName, name, minIdle, ...words] = args;
  const found = groupOf(client, key, groupName);
  if (found === undefined) throw noGroup(key, groupName);
  const minIdleMs = minIdleOf(minIdle, "XCLAIM");
  const ids = leadingIds(words);
  const { lastId, ...options } = claimOptions(words.slice(ids.length), client.nowMs);
  const { stream, group } = found;
  group.lastId = laterId(group.lastId, lastId);
  const claim = { client, key, ...found, name, minIdleMs, ...options };
  claimant(claim, false);
  const replies: Reply[] = [];
  for (const id of ids) {
    if (stream.log.get(id) === undefined) group.release(id);
    else replies.push(...[claimOne(claim, id)].filter((reply) => reply !== undefined));
  }
  client.db.resized(key);
  return replies;
}

function minIdleOf(text: string, command: string): number {
  return Math.max(0, toInteger(text, err(`Invalid min-idle-time argument for ${command}`)));
}

function leadingIds(words: readonly string[]): StreamId[] {
  const ids: StreamId[] = [];
  for (const word of words) {
    const id = parseId(word);
    if (id === undefined) break;
    ids.push(id);
  }
  return ids;
}

function claimOptions(words: readonly string[], nowMs: number): ClaimOptions {
  const options: ClaimOptions = {
    deliveredAtMs: nowMs,
    deliveries: undefined,
    isIdOnly: false,
    isForced: false,
    lastId: FIRST_ID,
  };
  for (let i = 0; i < words.length; i++) {
    const name = words[i].toUpperCase();
    if (name === "FORCE") options.isForced = true;
    else if (name === "JUSTID") options.isIdOnly = true;
    else if (i + 1 < words.length && readValue(options, name, words[i + 1], nowMs)) i++;
    else throw err(`Unrecognized XCLAIM option '${words[i]}'`);
  }
  return options;
}

/** Reads an option that has a value; false if it is none. */
function readValue(options: ClaimOptions, name: string, value: string, nowMs: number): boolean {
  const number = () => toInteger(value, err(`Invalid ${name} option argument for XCLAIM`));
  if (name === "IDLE") options.deliveredAtMs = deliveryTime(nowMs - number(), nowMs);
  else if (name === "TIME") options.deliveredAtMs = deliveryTime(number(), nowMs);
  else if (name === "RETRYCOUNT") {
    const count = number();
    options.deliveries = count < 0 ? undefined : count;
  } else if (name === "LASTID") options.lastId = toId(value);
  else return false;
  return true;
}

/** A time in the future, or before the epoch, is now. */
function deliveryTime(atMs: number, nowMs: number): number {
  return atMs < 0 || atMs > nowMs ? nowMs : atMs;
}

/** `XAUTOCLAIM` */
export function xautoclaim(client: Client, args: readonly string[]): Reply {
  const [key, groupName, name, minIdle, startWord, ...words] = args;
  const minIdleMs = minIdleOf(minIdle, "XAUTOCLAIM");
  const start = toIntervalStart(startWord);
  const { count, isIdOnly } = autoclaimOptions(words);
  const found = groupOf(client, key, groupName);
  if (found === undefined) throw noGroup(key, groupName);
  const options = { deliveredAtMs: client.nowMs, deliveries: undefined, isForced: false, isIdOnly };
  const claim = { client, key, ...found, name, minIdleMs, ...options };
  claimant(claim, false);
  const reply = claimFrom(claim, start, count);
  client.db.resized(key);
  return reply;
}

function autoclaimOptions(words: readonly string[]) {
  const options = { count: 100, isIdOnly: false };
  for (let i = 0; i < words.length; i++) {
    const name = words[i].toUpperCase();
    if (name === "COUNT" && i + 1 < words.length) {
      const error = err("COUNT must be > 0");
      if (toIntegerFrom(1, words[++i], error) > MAX_COUNT) throw error;
      options.count = toMost(words[i]);
    } else if (name === "JUSTID") options.isIdOnly = true;
    else throw SYNTAX_ERROR;
  }
  return options;
}

/** Claims from an id on. The reply says where to go on, and which entries no longer exist. */
function claimFrom(claim: Claim, start: StreamId, count: number): Reply {
  const { stream, group } = claim;
  const candidates = group.pending.range(start, LAST_ID).take(count * ATTEMPTS + 1).toArray();
  const claimed: Reply[] = [];
  const deleted: Reply[] = [];
  let at = 0;
  const last = Math.min(candidates.length, count * ATTEMPTS);
  for (; at < last && claimed.length + deleted.length < count; at++) {
    const [id] = candidates[at];
    if (stream.log.get(id) === undefined) {
      group.release(id);
      deleted.push(id.toString());
    } else claimed.push(...[claimOne(claim, id)].filter((reply) => reply !== undefined));
  }
  const next = candidates[at]?.[0] ?? FIRST_ID;
  return [next.toString(), claimed, deleted];
}
