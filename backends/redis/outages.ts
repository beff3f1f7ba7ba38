/**
 * Tells the log that a server cannot be reached: at once, since calls are repeated for long before they
 * reject, and once, since they are repeated often.
 *
 * @module
 */

import type { EventLog } from "../../lib/base/log.ts";
import { AttemptInterrupted, CallAborted, classify } from "./failures.ts";

/** The servers that cannot be reached. */
export class Outages {
  readonly #logger: EventLog;
  readonly #url: string;
  /** When each outage began, by the name of the server. */
  readonly #beginnings = new Map<string, number>();

  constructor(logger: EventLog, url: string) {
    this.#logger = logger;
    this.#url = url;
  }

  /** Reports a failure, unless it says nothing about the server, or was preceded by another one. */
  failed(server: string, error: unknown): void {
    if (error instanceof AttemptInterrupted || error instanceof CallAborted) return;
    const failure = classify(error);
    if (failure !== "unavailable" && failure !== "late" || this.#beginnings.has(server)) return;
    this.#beginnings.set(server, performance.now());
    this.#logger.warn("redis_unreachable", { url: this.#url, server, error });
  }

  /** Reports the end of an outage, if there was one. */
  succeeded(server: string): void {
    const beganMs = this.#beginnings.get(server);
    if (beganMs === undefined) return;
    this.#beginnings.delete(server);
    const afterMs = Math.round(performance.now() - beganMs);
    this.#logger.info("redis_reachable_again", { url: this.#url, server, afterMs });
  }
}
