/**
 * The leased messages and the dead letters of a channel, as the dashboard shows them: plain data of bounded size.
 *
 * @module
 */

import type { DeadLetter, DeliveryRecord, MessageQueue } from "../../queue/types.ts";

/** Newest messages of the channel that are looked at for agents. */
const MAX_MESSAGES = 200;
/** Most agents that are asked for. */
const MAX_AGENTS = 10;
/** Messages and dead letters of each agent that are looked at: they are read with their payloads. */
const MAX_PER_AGENT = 100;
/** Most rows of a table. */
const MAX_ROWS = 50;
/** Characters of a payload, a reason or an error. */
export const MAX_CHARACTERS = 2000;

/** A message that a consumer of an agent holds. */
export interface LeasedRow {
  id: string;
  agent: string;
  attempts: number;
  /** Milliseconds of the Unix epoch. */
  leasedUntilMs: number;
  /** JSON, cut off. */
  payload: string;
}

/** A dead letter. */
export interface DeadRow {
  id: string;
  agent: string;
  attempts: number;
  /** Milliseconds of the Unix epoch. */
  diedMs: number;
  reason: string;
  error: string;
  /** JSON, cut off. */
  payload: string;
}

/** What the dashboard shows of the messages of a channel. */
export interface QueueMessages {
  /** The agents that were asked for. */
  agents: string[];
  leased: LeasedRow[];
  dead: DeadRow[];
}

/** Looks at the messages for `agents`, and for those that the newest messages of the channel name. */
export async function messagesOf(
  queue: MessageQueue,
  channel: string,
  agents: readonly string[],
): Promise<QueueMessages> {
  const newest = await queue.list({ filters: { channel }, limit: MAX_MESSAGES });
  const targets = newest.map(({ targetAgent }) => targetAgent).filter((name) => name !== null);
  const all = [...new Set([...agents, ...targets])].slice(0, MAX_AGENTS);
  const which = { channel, limit: MAX_PER_AGENT };
  const found: QueueMessages = { agents: all, leased: [], dead: [] };
  // One after the other: the payloads of one agent are garbage before the next one is asked for.
  for (const agent of all) {
    found.leased.push(...(await queue.getPending(agent, which)).flatMap(leasedRows));
    found.dead.push(...(await queue.getDeadLetters(agent, which)).map(deadRow));
  }
  return {
    ...found,
    leased: found.leased.slice(0, MAX_ROWS),
    dead: found.dead.sort((a, b) => b.diedMs - a.diedMs).slice(0, MAX_ROWS),
  };
}

function leasedRows({ id, agentId, attempts, leasedUntil, payload }: DeliveryRecord): LeasedRow[] {
  if (leasedUntil === null) return [];
  const leasedUntilMs = leasedUntil.getTime();
  return [{ id, agent: agentId, attempts, leasedUntilMs, payload: jsonOf(payload) }];
}

function deadRow(letter: DeadLetter): DeadRow {
  return {
    id: letter.id,
    agent: letter.agentId,
    attempts: letter.attempts,
    diedMs: letter.diedAt.getTime(),
    reason: cut(letter.reason),
    error: cut(letter.error ?? ""),
    payload: jsonOf(letter.payload),
  };
}

function jsonOf(payload: unknown): string {
  return cut(JSON.stringify(payload));
}

function cut(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}…`;
}
