/**
 * Hints from the server that a message came. They may be lost at any time, as long as the connection
 * fails; so whenever it is back, everybody is told to look.
 *
 * @module
 */

import { logger } from "../events.ts";
import type { Connection } from "../../redis/connection.ts";
import type { Routes } from "../../redis/cluster_router.ts";

/** First pause before a lost connection is opened again, in milliseconds; it doubles with each. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/** Called with whom a message is for: an agent, or "" for all. */
type OnHint = (agent: string) => void;

/** The hints of one partition, over a connection of their own. */
export class Notifications {
  readonly #routes: Routes;
  readonly #partition: number;
  /** Longest wait for the server to confirm, after which looking from time to time has to do. */
  readonly #patienceMs: number;
  readonly #listeners = new Map<string, Set<OnHint>>();
  #connection: Connection | undefined;
  #keeping: Promise<void> | undefined;
  #connected = Promise.withResolvers<void>();
  #wake: (() => void) | undefined;
  #changing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(routes: Routes, partition: number, patienceMs: number) {
    this.#routes = routes;
    this.#partition = partition;
    this.#patienceMs = patienceMs;
  }

  /** Calls `onHint` for what is published on a channel, until the result is called. */
  async listen(channel: string, onHint: OnHint): Promise<() => void> {
    let hints = this.#listeners.get(channel);
    const isNew = hints === undefined;
    if (hints === undefined) this.#listeners.set(channel, hints = new Set());
    hints.add(onHint);
    const isFirst = this.#keeping === undefined;
    this.#keeping ??= this.#keep();
    if (isFirst || this.#connection === undefined) await this.#untilConnected();
    else if (isNew) await this.#change((connection) => this.#subscribe(connection, channel));
    return () => this.#unlisten(channel, onHint);
  }

  /**
   * Changes what the connection hears, one change after the other: the client forgets a channel only
   * when the server has confirmed it, and would forget who came to it meanwhile.
   */
  async #change(action: (connection: Connection) => Promise<void>): Promise<void> {
    const change = this.#changing.then(async () => {
      if (this.#connection !== undefined) await action(this.#connection);
    });
    // A connection that fails is opened again, and all is said anew.
    this.#changing = change.catch(() => {});
    await this.#changing;
  }

  #unlisten(channel: string, onHint: OnHint): void {
    const hints = this.#listeners.get(channel);
    if (hints === undefined || !hints.delete(onHint) || hints.size > 0) return;
    this.#listeners.delete(channel);
    void this.#change(async (connection) => {
      if (this.#listeners.has(channel)) return;
      await connection.unsubscribe(channel, this.#routes.isCluster);
    });
  }

  async #untilConnected(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#patienceMs);
    });
    await Promise.race([this.#connected.promise, patience]);
    clearTimeout(timer);
  }

  /** Keeps a connection as long as the queue is open. */
  async #keep(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !this.#isClosed;) {
      try {
        await this.#hear(() => pauseMs = FIRST_PAUSE_MS);
      } catch (error) {
        logger.debug("redis_notifications_interrupted", { error });
        // The next attempt may find another server.
        if (this.#routes.isCluster) await this.#routes.lookAgain().catch(() => {});
      }
      await this.#pause(pauseMs);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }

  /** Hears hints until the connection is gone. */
  async #hear(onSuccess: () => void): Promise<void> {
    const place = await this.#routes.placeOf(this.#partition);
    const connection = await this.#routes.connect(place);
    try {
      if (this.#isClosed) return;
      this.#connection = connection;
      await Promise.all(
        [...this.#listeners.keys()].map((channel) => this.#subscribe(connection, channel)),
      );
      this.#connected.resolve();
      onSuccess();
      for (const hints of this.#listeners.values()) hints.forEach((hint) => hint(""));
      await connection.gone;
      throw new Error("the connection was lost");
    } finally {
      this.#connection = undefined;
      this.#connected.resolve();
      this.#connected = Promise.withResolvers();
      connection.close();
    }
  }

  async #subscribe(connection: Connection, channel: string): Promise<void> {
    await connection.subscribe(channel, this.#routes.isCluster, (agent) => {
      this.#listeners.get(channel)?.forEach((hint) => hint(agent));
    });
  }

  async #pause(pauseMs: number): Promise<void> {
    if (this.#isClosed) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, pauseMs);
    });
    clearTimeout(timer);
  }

  /** Asks the server for a sign of life, and gives the connection up if there is none. */
  check(): void {
    const connection = this.#connection;
    connection?.send(["PING"]).catch(() => connection.close());
  }

  /** Hears no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#connection?.close();
    this.#wake?.();
    await this.#keeping;
  }
}
