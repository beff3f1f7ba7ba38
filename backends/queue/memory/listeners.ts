/**
 * The consumers that wait for messages in this process.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";
import { DefaultMap } from "./default_map.ts";

type Wakeup = () => void;

/** What is called when messages may be ready, by channel and agent. */
export class Listeners {
  readonly #channels = new DefaultMap(() => new TextMap<Set<Wakeup>>());

  /** Calls `onWakeup` when messages of a channel may be ready for an agent, until the result is called. */
  add(channel: string, agent: string, onWakeup: Wakeup): () => void {
    const agents = this.#channels.getOrCreate(channel);
    const wakeups = agents.getOrMake(agent, () => new Set());
    wakeups.add(onWakeup);
    return () => {
      wakeups.delete(onWakeup);
      if (wakeups.size === 0) agents.delete(agent);
    };
  }

  /** Whether a consumer of an agent waits. */
  has(channel: string, agent: string): boolean {
    return this.#channels.get(channel)?.has(agent) ?? false;
  }

  /** Number of consumers that wait for messages of a channel. */
  count(channel: string): number {
    const agents = this.#channels.get(channel)?.values() ?? [];
    return [...agents].reduce((sum, wakeups) => sum + wakeups.size, 0);
  }

  /** Wakes the consumers of an agent, by default those of all agents. */
  wake(channel: string, agent?: string): void {
    const agents = this.#channels.get(channel);
    if (agents === undefined) return;
    const woken = agent === undefined ? [...agents.values()] : [agents.get(agent)];
    for (const wakeups of woken) for (const wakeup of wakeups ?? []) wakeup();
  }
}
