/**
 * Polls the server for the subscriptions of a backend.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import { isTurnDue, takeTurn } from "../../../lib/base/turn.ts";
import { logger } from "../../../lib/base/log.ts";
import { LossReports } from "../../../lib/base/loss_reports.ts";
import { Backoff, type BackoffOptions } from "../../../lib/base/retry.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import { OPERATIONS } from "../../store/operations.ts";
import type { HttpClient, HttpRequest } from "./client.ts";
import { requestOf } from "./requests.ts";

/** Seconds that a poll waits at a server of Ringbus. */
const POLL_SECONDS = 20;
/** Seconds that it waits at another one, as its own clients do: it may serve one request at a time. */
const FOREIGN_POLL_SECONDS = 1;
/** Milliseconds that the response may take in addition. */
const RESPONSE_TIMEOUT_MS = 10_000;
/** Delays between attempts to reach a lost server. */
const BACKOFF: BackoffOptions = { initialMs: 50, maxMs: 2000 };

/** An entry in the response to a poll. */
export interface PollEntry {
  readonly type: "message" | "pmessage";
  readonly pattern?: string;
  /** Topic of a stored message. */
  readonly topic?: string | null;
  /** Channel of a published value. */
  readonly channel?: string | null;
  readonly data: unknown;
}

interface PollResponse {
  readonly messages?: readonly PollEntry[];
  readonly dropped?: number;
  readonly known?: boolean;
}

/** The topic or pattern of a subscription. */
export interface SubscriptionKey {
  readonly kind: "topic" | "pattern";
  readonly name: string;
}

/** The subscriptions of one subscriber, and the loop that polls for their entries. */
export class Poller {
  readonly #id = crypto.randomUUID();
  readonly #client: HttpClient;
  readonly #onEntry: (entry: PollEntry) => void;
  readonly #keys = new Map<string, SubscriptionKey>();
  #loop: Promise<void> | undefined;
  readonly #closing = new AbortController();
  readonly #losses = new LossReports(warnOfLoss);
  #dropped = 0;

  constructor(client: HttpClient, onEntry: (entry: PollEntry) => void) {
    this.#client = client;
    this.#onEntry = onEntry;
  }

  /** Subscribes; fulfilled when the subscription is in force. */
  async open(key: SubscriptionKey): Promise<void> {
    await this.#client.send(this.#openRequest(key));
    this.#keys.set(textOf(key), key);
    this.#loop ??= this.#run();
  }

  /** Ends a subscription. */
  async close(key: SubscriptionKey): Promise<void> {
    this.#keys.delete(textOf(key));
    await this.#client.send(this.#closeRequest(key));
  }

  #openRequest({ kind, name }: SubscriptionKey): HttpRequest {
    return kind === "topic"
      ? requestOf(OPERATIONS.subscribe, { topic: name }, this.#id)
      : requestOf(OPERATIONS.psubscribe, { pattern: name }, this.#id);
  }

  #closeRequest({ kind, name }: SubscriptionKey): HttpRequest {
    return kind === "topic"
      ? requestOf(OPERATIONS.unsubscribe, { topic: name }, this.#id)
      : requestOf(OPERATIONS.punsubscribe, { pattern: name }, this.#id);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(BACKOFF);
    let isLost = false;
    while (this.#keys.size > 0 && !signal.aborted) {
      try {
        if (isLost) await this.#openAll();
        isLost = false;
        const isEarly = await this.#poll();
        backoff.reset();
        // A server that replies at once is not to be polled without a break.
        if (isEarly) await sleep(backoff.next(), signal);
      } catch (error) {
        if (signal.aborted) break;
        logger.warn("polling failed and will be retried: {error}", { error });
        isLost = true;
        await sleep(backoff.next(), signal);
      }
    }
    this.#loop = undefined;
  }

  /** Polls once. Returns true if the server replied without a message before it had waited for one. */
  async #poll(): Promise<boolean> {
    const startedMs = performance.now();
    const seconds = this.#client.isRingbus ? POLL_SECONDS : FOREIGN_POLL_SECONDS;
    const { json } = await this.#client.send({
      method: "GET",
      path: `/poll?subscriber_id=${this.#id}&timeout=${seconds}`,
      timeoutMs: seconds * 1000 + RESPONSE_TIMEOUT_MS,
    });
    const { messages = [], dropped = 0, known = true } = json as PollResponse;
    this.#losses.update(this.#dropped += dropped);
    for (const entry of messages) {
      this.#onEntry(entry);
      if (isTurnDue()) await takeTurn();
    }
    if (!known) await this.#openAgain();
    return messages.length === 0 && performance.now() - startedMs < BACKOFF.initialMs;
  }

  /** The server does not know this subscriber: it was restarted, or removed it because it did not poll. */
  async #openAgain(): Promise<void> {
    logger.warn(
      "the server at {url} had lost the subscriptions of this backend, which subscribes again: what " +
        "was stored or published meanwhile did not arrive; do not block the event loop, or raise " +
        "subscriberIdleSeconds of the server",
      { url: this.#client.url },
    );
    await this.#openAll();
  }

  /** Subscribes again: the server was restarted, or has removed this subscriber. */
  async #openAll(): Promise<void> {
    for (const key of [...this.#keys.values()]) await this.#client.send(this.#openRequest(key));
  }

  /** Ends all subscriptions at the server. */
  async unsubscribeAll(timeoutMs: number): Promise<void> {
    this.#closing.abort();
    this.#losses.finish(this.#dropped);
    if (this.#keys.size === 0) return;
    for (const request of this.#shutdownRequests()) {
      await this.#client.send({ ...request, timeoutMs });
    }
  }

  #shutdownRequests(): HttpRequest[] {
    if (this.#client.isRingbus) return [{ method: "DELETE", path: `/subscribers/${this.#id}` }];
    return [...this.#keys.values()].map((key) => this.#closeRequest(key));
  }

  /** Fulfilled when the loop has ended. Close the client first. */
  async ended(): Promise<void> {
    await this.#loop;
  }
}

function warnOfLoss(count: number, total: number): void {
  logger.warn(
    "this backend missed {messages}, {total} in all: its queue at the server was full; let its " +
      "handlers do less, or raise maxQueueLength or maxQueueBytes of the server",
    { messages: pluralize(count, "message"), count, total },
  );
}

function textOf({ kind, name }: SubscriptionKey): string {
  return `${kind} ${name}`;
}
