/**
 * Wakeups that the server publishes when a message is ready. They are lost while the connection is
 * down, so all listeners are woken when it is back.
 *
 * @module
 */

import { Backoff, type BackoffOptions } from "../../../lib/base/retry.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import { withTimer } from "../../../lib/base/timer.ts";
import type { ClusterRouter } from "../../redis/cluster_router.ts";
import type { Connection } from "../../redis/connection.ts";
import { classify } from "../../redis/failures.ts";
import { logger } from "../log.ts";

/** A notification that begins with this concerns all consumers. */
export const ALL = "\0";

/** Delays before a lost connection is opened again. */
const BACKOFF: BackoffOptions = { initialMs: 50, maxMs: 1000 };

/** Called with the text of a notification. */
type OnWakeup = (agent: string) => void;

/** The wakeups of one partition, on a connection of their own. */
export class Notifications {
  readonly #router: ClusterRouter;
  readonly #partition: number;
  /** Longest wait for the connection, in milliseconds. After that, subscriptions poll. */
  readonly #connectTimeoutMs: number;
  readonly #listeners = new Map<string, Set<OnWakeup>>();
  #connection: Connection | undefined;
  #maintaining: Promise<void> | undefined;
  #connected = Promise.withResolvers<void>();
  #changing: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();
  /** The server has refused to subscribe, which was reported. */
  #isRefused = false;

  constructor(router: ClusterRouter, partition: number, connectTimeoutMs: number) {
    this.#router = router;
    this.#partition = partition;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** Calls `onWakeup` for each wakeup on a channel, until the result is called. */
  async listen(channel: string, onWakeup: OnWakeup): Promise<() => void> {
    let wakeups = this.#listeners.get(channel);
    const isNew = wakeups === undefined;
    if (wakeups === undefined) this.#listeners.set(channel, wakeups = new Set());
    wakeups.add(onWakeup);
    const isFirst = this.#maintaining === undefined;
    this.#maintaining ??= this.#maintainConnection();
    if (isFirst || this.#connection === undefined) await this.#waitForConnection();
    else if (isNew) await this.#change((connection) => this.#subscribe(connection, channel));
    return () => this.#unlisten(channel, onWakeup);
  }

  /**
   * Changes the subscriptions of the connection, one change after the other. The client library removes
   * the listeners of a channel when the server confirms, also those that were added in the meantime.
   */
  async #change(action: (connection: Connection) => Promise<void>): Promise<void> {
    const change = this.#changing.then(async () => {
      if (this.#connection !== undefined) await action(this.#connection);
    });
    // After a failure a new connection subscribes to all channels.
    this.#changing = change.catch(() => {});
    await this.#changing;
  }

  #unlisten(channel: string, onWakeup: OnWakeup): void {
    const wakeups = this.#listeners.get(channel);
    if (wakeups === undefined || !wakeups.delete(onWakeup) || wakeups.size > 0) return;
    this.#listeners.delete(channel);
    void this.#change(async (connection) => {
      if (this.#listeners.has(channel)) return;
      await connection.unsubscribe(channel, this.#router.isCluster);
    });
  }

  async #waitForConnection(): Promise<void> {
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const either = Promise.race([this.#connected.promise, timeout]);
    await withTimer(either, this.#connectTimeoutMs, resolve);
  }

  /** Keeps a connection as long as the queue is open. */
  async #maintainConnection(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(BACKOFF);
    while (!signal.aborted) {
      try {
        await this.#receiveNotifications(() => backoff.reset());
      } catch (error) {
        this.#reportInterruption(error);
        // The next attempt may find another server.
        if (this.#router.isDiscovered) await this.#router.refresh().catch(() => {});
      }
      await sleep(backoff.next(), signal);
    }
  }

  /** A lost connection comes back. A user without the right to subscribe does not get it by itself. */
  #reportInterruption(error: unknown): void {
    const isRefused = classify(error) === "authentication" && !this.#isRefused;
    this.#isRefused ||= isRefused;
    logger[isRefused ? "warn" : "debug"]("redis_notifications_interrupted", { error });
  }

  /** Receives wakeups until the connection is lost. */
  async #receiveNotifications(onSuccess: () => void): Promise<void> {
    const node = await this.#router.nodeOf(this.#partition);
    const connection = await this.#router.connect(node);
    try {
      if (this.#closing.signal.aborted) return;
      this.#connection = connection;
      await Promise.all(
        [...this.#listeners.keys()].map((channel) => this.#subscribe(connection, channel)),
      );
      this.#connected.resolve();
      onSuccess();
      for (const wakeups of this.#listeners.values()) wakeups.forEach((wakeup) => wakeup(ALL));
      await connection.closed;
      throw new Error("the connection was lost");
    } finally {
      this.#connection = undefined;
      this.#connected.resolve();
      this.#connected = Promise.withResolvers();
      connection.close();
    }
  }

  async #subscribe(connection: Connection, channel: string): Promise<void> {
    await connection.subscribe(channel, this.#router.isCluster, (agent) => {
      this.#listeners.get(channel)?.forEach((wakeup) => wakeup(agent));
    });
  }

  /** Sends PING, and closes the connection if there is no reply. */
  check(): void {
    const connection = this.#connection;
    connection?.send(["PING"]).catch(() => connection.close());
  }

  /** Ends all wakeups, and closes the connection. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#listeners.clear();
    this.#connection?.close();
    await this.#maintaining;
  }
}
