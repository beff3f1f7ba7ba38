/**
 * Listens to a sentinel for failovers. A master that is replaced on demand accepts writes for seconds after,
 * which are lost.
 *
 * @module
 */

import { Backoff, type BackoffOptions } from "../../lib/base/retry.ts";
import { sleep } from "../../lib/base/sleep.ts";
import type { NodeAddress } from "./address.ts";
import type { Connection } from "./connection.ts";

/** Delays before another sentinel is tried. */
const BACKOFF: BackoffOptions = { initialMs: 50, maxMs: 1000 };
/** The channel on which a sentinel publishes failovers. */
const CHANNEL = "+switch-master";

/** Whom to listen to. */
export interface SentinelWatchOptions {
  readonly sentinels: readonly NodeAddress[];
  readonly serviceName: string;
  readonly connect: (sentinel: NodeAddress) => Promise<Connection>;
  /** Called when the master was replaced, or may have been while nobody listened. */
  readonly onSwitch: () => void;
}

/** A connection to one of the sentinels at a time. */
export class SentinelWatch {
  readonly #options: SentinelWatchOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #connection: Connection | undefined;

  /** Begins to listen. */
  constructor(options: SentinelWatchOptions) {
    this.#options = options;
    this.#running = this.#listen();
  }

  async #listen(): Promise<void> {
    const { sentinels } = this.#options;
    const { signal } = this.#closing;
    const backoff = new Backoff(BACKOFF);
    for (let i = 0; !signal.aborted; i = (i + 1) % sentinels.length) {
      // The next sentinel may be there.
      await this.#listenTo(sentinels[i], () => backoff.reset()).catch(() => {});
      await sleep(backoff.next(), signal);
    }
  }

  async #listenTo(sentinel: NodeAddress, onSuccess: () => void): Promise<void> {
    const { serviceName, connect, onSwitch } = this.#options;
    const connection = await connect(sentinel);
    this.#connection = connection;
    try {
      await connection.subscribe(CHANNEL, false, (message) => {
        if (message.startsWith(`${serviceName} `)) onSwitch();
      });
      if (this.#closing.signal.aborted) return;
      onSuccess();
      onSwitch();
      await connection.closed;
    } finally {
      connection.close();
    }
  }

  /** Ends listening. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#connection?.close();
    await this.#running;
  }
}
