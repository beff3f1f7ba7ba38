/**
 * Scores in the words and in the replies of commands.
 *
 * @module
 */

import type { ScoredEntry } from "../../store/ranked_list.ts";
import type { Client } from "../engine/client.ts";
import { NOT_A_FLOAT } from "../engine/errors.ts";
import { DoubleReply, type ErrorReply, type Reply } from "../protocol/reply.ts";
import { toFloat } from "./numbers.ts";

/** The score in a word, or throws. A number that is too large is none. */
export function toScore(text: string, error: ErrorReply = NOT_A_FLOAT): number {
  const score = toFloat(text, error);
  if (!Number.isFinite(score) && /\d/.test(text)) throw error;
  return score;
}

/** A score as a reply, or no value. */
export function scoreReply(score: number | undefined): Reply {
  return score === undefined ? null : new DoubleReply(score);
}

/** Members, and their scores if they are asked for: in version 3 of the protocol as pairs. */
export function membersReply(
  { version }: Client,
  entries: readonly ScoredEntry[],
  hasScores: boolean,
): Reply[] {
  if (!hasScores) return entries.map(({ key }) => key);
  return version === 3 ? pairsReply(entries) : flatReply(entries);
}

/** Each member with its score. */
export function pairsReply(entries: readonly ScoredEntry[]): Reply[] {
  return entries.map(({ key, score }) => [key, new DoubleReply(score)]);
}

/** Members and scores in turns. */
export function flatReply(entries: readonly ScoredEntry[]): Reply[] {
  return entries.flatMap(({ key, score }) => [key, new DoubleReply(score)]);
}
