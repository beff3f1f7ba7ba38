/**
 * Runs sequences of commands against a real server and ours, and compares every reply.
 *
 * @module
 */

import fc from "fast-check";
import { sleep } from "../../../lib/base/sleep.ts";
import type { RespClient, WireReply } from "../../support/resp_client.ts";
import { agree } from "./compare.ts";
import { type Sequence, sequences, type Step } from "./sequence.ts";

/** Milliseconds in which a time to live of 1 ms has passed at both servers. */
const SHORT_LIFE_MS = 4;

/** Two servers, by clients of each. */
export interface Pair {
  readonly ours: RespClient;
  readonly theirs: RespClient;
}

/** What a run did. */
export interface DifferentialResult {
  readonly sequences: number;
  readonly commands: number;
}

/** Where two servers first differ. */
class Difference extends Error {}

/** Runs sequences of some types until enough commands were compared. */
export async function runDifferential(
  pair: Pair,
  options: { readonly types: readonly string[]; readonly commands: number; readonly seed: number },
): Promise<DifferentialResult> {
  const { types, commands, seed } = options;
  const maxLength = 40;
  let [done, runs] = [0, 0];
  const property = fc.asyncProperty(sequences(types, maxLength), async (sequence) => {
    runs++;
    done += sequence.steps.length;
    await compareSequence(pair, sequence);
  });
  const numRuns = Math.ceil(commands / (maxLength / 2 - 1));
  await fc.assert(property, {
    seed,
    numRuns,
    endOnFailure: false,
    interruptAfterTimeLimit: Infinity,
  });
  return { sequences: runs, commands: done };
}

async function compareSequence(
  pair: Pair,
  { version, isPipelined, steps }: Sequence,
): Promise<void> {
  for (const client of [pair.ours, pair.theirs]) {
    await client.pipeline([["RESET"], ["FLUSHALL"], ["HELLO", String(version)]]);
  }
  const canPipeline = isPipelined && !steps.some(({ waits }) => waits);
  const replies = canPipeline ? await sendAtOnce(pair, steps) : await sendEach(pair, steps);
  for (const [i, step] of steps.entries()) {
    const [ours, theirs] = replies[i];
    if (agree(ours, theirs, comparisonOf(step, theirs))) continue;
    if (hasNoOrder(step) && agree(ours, theirs, "shape")) continue;
    const words = step.words.map((word) => JSON.stringify(word)).join(" ");
    throw new Difference(
      `${words}\n  ours:   ${JSON.stringify(ours)}\n  theirs: ${JSON.stringify(theirs)}`,
    );
  }
}

/** A set that is not sorted may have its members in any order, of which `LIMIT` selects others. */
function hasNoOrder({ words }: Step): boolean {
  return words[0] === "SORT" && words.includes("nosort");
}

/** What `EXEC` replies has elements of all kinds. */
function comparisonOf({ words, comparison }: Step, reply: WireReply): Step["comparison"] {
  return words[0].toUpperCase() === "EXEC" && Array.isArray(reply) ? "shape" : comparison;
}

async function sendAtOnce({ ours, theirs }: Pair, steps: readonly Step[]) {
  const commands = steps.map(({ words }) => words);
  const [first, second] = [await ours.pipeline(commands), await theirs.pipeline(commands)];
  return first.map((reply, i): [WireReply, WireReply] => [reply, second[i]]);
}

async function sendEach({ ours, theirs }: Pair, steps: readonly Step[]) {
  const replies: [WireReply, WireReply][] = [];
  for (const { words, waits } of steps) {
    if (waits) await Promise.all([ours.call("DISCARD"), theirs.call("DISCARD")]);
    replies.push(await Promise.all([ours.call(...words), theirs.call(...words)]));
    if (!waits) continue;
    await sleep(SHORT_LIFE_MS);
    // A real server removes what has expired when a client looks for it.
    await Promise.all([ours.call("EXISTS", words[1]), theirs.call("EXISTS", words[1])]);
  }
  return replies;
}
