/**
 * Scores in the words and in the replies of commands.
 *
 * @module
 */

import type { ScoredEntry } from "../../store/ranked_list.ts";
import type { Client } from "../engine/client.ts";
import { NOT_A_FLOAT } from "../engine/errors.ts";
import { isSince } from "../engine/version.ts";
import {
  DoubleReply,
  doubleText,
  type ErrorReply,
  isWhole,
  type Reply,
} from "../protocol/reply.ts";
import { toFloat } from "./numbers.ts";

/** The score in a word, or throws. A number that is too large is none. */
export function toScore(text: string, error: ErrorReply = NOT_A_FLOAT): number {
  const score = toFloat(text, error);
  if (!Number.isFinite(score) && /\d/.test(text)) throw error;
  return score;
}

/** Digits of a score before Redis 7.2. Since then it has the fewest that stand for it. */
const OLD_DIGITS = 17;
const hasOldDigits = new Map<string, boolean>();

function writesOldDigits({ service: { version } }: Client): boolean {
  let isOld = hasOldDigits.get(version);
  if (isOld === undefined) hasOldDigits.set(version, isOld = !isSince("7.2.0", version));
  return isOld;
}

/** A score as a reply. */
export function scoreOf(client: Client, score: number): DoubleReply {
  return writesOldDigits(client) ? new DoubleReply(score, oldText(score)) : new DoubleReply(score);
}

/**
 * A score in the replies of `ZSCAN`. Redis takes it from the packed form as it is stored, and writes it with
 * 17 digits otherwise.
 */
export function scannedText(client: Client, score: number, isPacked: boolean): string {
  if (!isPacked) return oldText(score);
  return isWhole(score) || !writesOldDigits(client) ? doubleText(score) : oldText(score);
}

/** The text of `%.17g` in C. */
function oldText(score: number): string {
  if (Number.isSafeInteger(score) || !Number.isFinite(score)) return doubleText(score);
  const [digits, exponentText] = score.toExponential(OLD_DIGITS - 1).split("e");
  const exponent = Number(exponentText);
  const isPlain = exponent >= -4 && exponent < OLD_DIGITS;
  if (isPlain) return withoutZeros(score.toFixed(OLD_DIGITS - 1 - exponent));
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${withoutZeros(digits)}e${exponent < 0 ? "-" : "+"}${size}`;
}

/** Without the zeros at the end of a fraction. */
function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A score as a reply, or no value. */
export function scoreReply(client: Client, score: number | undefined): Reply {
  return score === undefined ? null : scoreOf(client, score);
}

/** Members, and their scores if they are asked for: in version 3 of the protocol as pairs. */
export function membersReply(
  client: Client,
  entries: readonly ScoredEntry[],
  hasScores: boolean,
): Reply[] {
  if (!hasScores) return entries.map(({ key }) => key);
  return client.version === 3 ? pairsReply(client, entries) : flatReply(client, entries);
}

/** Each member with its score. */
export function pairsReply(client: Client, entries: readonly ScoredEntry[]): Reply[] {
  return entries.map(({ key, score }) => [key, scoreOf(client, score)]);
}

/** Members and scores in turns. */
export function flatReply(client: Client, entries: readonly ScoredEntry[]): Reply[] {
  return entries.flatMap(({ key, score }) => [key, scoreOf(client, score)]);
}
