/**
 * The participants of channels that have died since they are watched.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import type { ChannelEvent } from "../../../lib/observe/channel_events.ts";
import { watchDirectory } from "../../../lib/observe/directory_watch.ts";
import type { Death } from "../metrics/machine_view.ts";

/** Number of deaths that are kept. */
export const MAX_DEATHS = 100;
/** Number of channels whose deaths are counted; those of others are counted together, without a name. */
const MAX_CHANNELS = 1000;

/** Watches a directory for deaths. */
export class DeathWatch {
  readonly #stop = new AbortController();
  readonly #counts = new Map<string, number>();
  readonly #last: Death[] = [];
  readonly #ended: Promise<void>;

  constructor(directory: string) {
    this.#ended = this.#watch(directory);
  }

  /** Deaths by channel; those of further channels have an empty name. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** The last ones, the newest first. */
  get last(): readonly Death[] {
    return this.#last;
  }

  async #watch(directory: string): Promise<void> {
    try {
      for await (const event of watchDirectory(directory, undefined, this.#stop.signal)) {
        this.#note(event);
      }
    } catch (error) {
      logger.warn("deaths on channels in {directory} are no longer counted: {error}", {
        directory,
        error,
      });
    }
  }

  #note(event: ChannelEvent): void {
    if (event.type !== "died") return;
    const { channel, role, pid, label } = event;
    this.#last.unshift({ channel, role, pid, label, atMs: Date.now() });
    this.#last.length = Math.min(this.#last.length, MAX_DEATHS);
    const isNamed = this.#counts.has(channel) || this.#counts.size < MAX_CHANNELS;
    const name = isNamed ? channel : "";
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Ends the watch. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}
