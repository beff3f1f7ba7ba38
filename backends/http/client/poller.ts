/**
 * The loop that polls the server for a backend's subscriptions.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { Backoff, type BackoffOptions } from "../../../lib/base/retry.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import { OPERATIONS } from "../../store/operations.ts";
import type { HttpClient, HttpRequest, HttpResponse } from "./client.ts";
import { requestOf } from "./requests.ts";

/** Seconds that a poll waits at the server. */
const POLL_SECONDS = 20;
/** Milliseconds more that its answer may take. */
const RESPONSE_TIMEOUT_MS = 10_000;
/** Delays between attempts to reach a server that is gone. */
const BACKOFF: BackoffOptions = { initialMs: 50, maxMs: 2000 };

/** One entry of a poll's answer. */
export interface PollEntry {
  readonly type: "message" | "pmessage";
  readonly pattern?: string;
  /** Topic of a message that was stored. */
  readonly topic?: string;
  /** Channel of what was published. */
  readonly channel?: string;
  readonly data: unknown;
}

interface PollResponse {
  readonly messages?: readonly PollEntry[];
  readonly dropped?: number;
  readonly known?: boolean;
}

/** What a subscription is to. */
export interface SubscriptionKey {
  readonly kind: "topic" | "pattern";
  readonly name: string;
}

/** Subscriptions of one subscriber, and the loop that fetches what comes for them. */
export class Poller {
  readonly #id = crypto.randomUUID();
  readonly #client: HttpClient;
  readonly #onEntry: (entry: PollEntry) => void;
  readonly #keys = new Map<string, SubscriptionKey>();
  #loop: Promise<void> | undefined;
  readonly #closing = new AbortController();
  #isRingbus = false;

  constructor(client: HttpClient, onEntry: (entry: PollEntry) => void) {
    this.#client = client;
    this.#onEntry = onEntry;
  }

  /** Subscribes; fulfilled when the subscription is in force. */
  async open(key: SubscriptionKey): Promise<void> {
    await this.#send(this.#openRequest(key));
    this.#keys.set(textOf(key), key);
    this.#loop ??= this.#run();
  }

  /** Ends a subscription. */
  async close(key: SubscriptionKey): Promise<void> {
    this.#keys.delete(textOf(key));
    await this.#send(this.#closeRequest(key));
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

  async #send(request: HttpRequest): Promise<HttpResponse> {
    const response = await this.#client.send(request);
    this.#isRingbus = response.isRingbus;
    return response;
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
        logger.warn("polling failed, and is tried again: {error}", { error });
        isLost = true;
        await sleep(backoff.next(), signal);
      }
    }
    this.#loop = undefined;
  }

  /** Polls once. Returns true if the server replied without a message before it had waited for one. */
  async #poll(): Promise<boolean> {
    const startedMs = performance.now();
    const { json } = await this.#send({
      method: "GET",
      path: `/poll?subscriber_id=${this.#id}&timeout=${POLL_SECONDS}`,
      timeoutMs: POLL_SECONDS * 1000 + RESPONSE_TIMEOUT_MS,
    });
    const { messages = [], dropped = 0, known = true } = json as PollResponse;
    if (dropped > 0) {
      logger.warn("{dropped} messages were lost: they came faster than they were taken", {
        dropped,
      });
    }
    for (const entry of messages) this.#onEntry(entry);
    if (!known) await this.#openAll();
    return messages.length === 0 && performance.now() - startedMs < BACKOFF.initialMs;
  }

  /** To a server that was started anew, or has forgotten us. */
  async #openAll(): Promise<void> {
    for (const key of [...this.#keys.values()]) await this.#send(this.#openRequest(key));
  }

  /** Tells the server that this subscriber is gone, if there is anything to tell. */
  async unsubscribeAll(timeoutMs: number): Promise<void> {
    this.#closing.abort();
    if (this.#keys.size === 0) return;
    for (const request of this.#shutdownRequests()) {
      await this.#client.send({ ...request, timeoutMs });
    }
  }

  #shutdownRequests(): HttpRequest[] {
    if (this.#isRingbus) return [{ method: "DELETE", path: `/subscribers/${this.#id}` }];
    return [...this.#keys.values()].map((key) => this.#closeRequest(key));
  }

  /** Fulfilled when the loop has ended; the client must be closed for that. */
  async ended(): Promise<void> {
    await this.#loop;
  }
}

function textOf({ kind, name }: SubscriptionKey): string {
  return `${kind} ${name}`;
}
