/**
 * Which agents a channel has, as publishers tell it. A message costs nothing for that, because the same agent
 * is told once in a while.
 *
 * @module
 */

/** Milliseconds after which an agent is told again. */
const INTERVAL_MS = 60_000;
/** Agents that are remembered. */
const MAX_AGENTS = 1000;

/** The agents that were told lately. */
export class Announcements {
  readonly #toldMs = new Map<string, number>();

  /** Whether an agent of a channel is to be told. */
  isDue(agent: string, channel: string): boolean {
    const key = `${agent}\0${channel}`;
    const nowMs = performance.now();
    const toldMs = this.#toldMs.get(key);
    if (toldMs !== undefined && nowMs - toldMs < INTERVAL_MS) return false;
    this.#toldMs.delete(key);
    this.#toldMs.set(key, nowMs);
    const oldest = this.#toldMs.keys().next();
    if (this.#toldMs.size > MAX_AGENTS && !oldest.done) this.#toldMs.delete(oldest.value);
    return true;
  }
}
