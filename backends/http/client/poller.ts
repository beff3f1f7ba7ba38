/**
 * The loop that polls the server for a backend's subscriptions.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import type { Call, HttpClient, Reply } from "./client.ts";

/** Seconds that a poll waits at the server. */
const POLL_SECONDS = 20;
/** Milliseconds more that its answer may take. */
const ANSWER_MS = 10_000;
/** Longest pause between attempts to reach a server that is gone. */
const MAX_PAUSE_MS = 2000;
const MIN_PAUSE_MS = 50;

/** One entry of a poll's answer. */
export interface Entry {
  readonly type: "message" | "pmessage";
  readonly pattern?: string;
  /** Topic of a message that was stored. */
  readonly topic?: string;
  /** Channel of what was published. */
  readonly channel?: string;
  readonly data: unknown;
}

interface PollAnswer {
  readonly messages?: readonly Entry[];
  readonly dropped?: number;
  readonly known?: boolean;
}

/** What a subscription is to. */
export interface Key {
  readonly kind: "topic" | "pattern";
  readonly name: string;
}

const CALLS = {
  topic: { open: "/subscribe", close: "/unsubscribe" },
  pattern: { open: "/psubscribe", close: "/punsubscribe" },
};

/** Subscriptions of one subscriber, and the loop that fetches what comes for them. */
export class Poller {
  readonly #id = crypto.randomUUID();
  readonly #client: HttpClient;
  readonly #onEntry: (entry: Entry) => void;
  /** By what the server is told. */
  readonly #keys = new Map<string, Key>();
  #loop: Promise<void> | undefined;
  #isClosed = false;
  #endPause: () => void = () => {};
  #isRingbus = false;

  constructor(client: HttpClient, onEntry: (entry: Entry) => void) {
    this.#client = client;
    this.#onEntry = onEntry;
  }

  /** Subscribes; fulfilled once the server keeps what comes. */
  async open(key: Key): Promise<void> {
    const call = this.#call(key, "open");
    await this.#send(call);
    this.#keys.set(call.body!, key);
    this.#loop ??= this.#run();
  }

  /** Ends a subscription. */
  async close(key: Key): Promise<void> {
    const call = this.#call(key, "close");
    this.#keys.delete(call.body!);
    await this.#send(call);
  }

  #call({ kind, name }: Key, action: "open" | "close"): Call {
    const body = JSON.stringify({ [kind]: name, subscriber_id: this.#id });
    return { method: "POST", path: CALLS[kind][action], body };
  }

  async #send(call: Call): Promise<Reply> {
    const reply = await this.#client.send(call);
    this.#isRingbus = reply.isRingbus;
    return reply;
  }

  async #run(): Promise<void> {
    let pauseMs = 0;
    let isLost = false;
    while (this.#keys.size > 0 && !this.#isClosed) {
      await this.#pause(pauseMs);
      try {
        if (isLost) await this.#openAll();
        isLost = false;
        pauseMs = await this.#poll();
      } catch (error) {
        if (this.#isClosed) break;
        logger.warn("polling failed, and is tried again: {error}", { error });
        isLost = true;
        pauseMs = Math.min(Math.max(pauseMs * 2, MIN_PAUSE_MS), MAX_PAUSE_MS);
      }
    }
    this.#loop = undefined;
  }

  /** Polls once; how long to wait until the next time. */
  async #poll(): Promise<number> {
    const startedMs = performance.now();
    const { json } = await this.#send({
      method: "GET",
      path: `/poll?subscriber_id=${this.#id}&timeout=${POLL_SECONDS}`,
      timeoutMs: POLL_SECONDS * 1000 + ANSWER_MS,
    });
    const { messages = [], dropped = 0, known = true } = json as PollAnswer;
    if (dropped > 0) {
      logger.warn("{dropped} messages were lost: they came faster than they were taken", {
        dropped,
      });
    }
    for (const entry of messages) this.#onEntry(entry);
    if (!known) await this.#openAll();
    // A server that does not wait is not to be asked without end.
    const isEarly = messages.length === 0 && performance.now() - startedMs < MIN_PAUSE_MS;
    return isEarly ? MIN_PAUSE_MS : 0;
  }

  /** To a server that was started anew, or has forgotten us. */
  async #openAll(): Promise<void> {
    for (const key of [...this.#keys.values()]) await this.#send(this.#call(key, "open"));
  }

  async #pause(ms: number): Promise<void> {
    if (ms === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#endPause = resolve;
    await promise;
    clearTimeout(timer);
  }

  /** Tells the server that this subscriber is gone, if there is anything to tell. */
  async leave(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    this.#endPause();
    if (this.#keys.size === 0) return;
    for (const call of this.#farewells()) await this.#client.send({ ...call, timeoutMs });
  }

  #farewells(): Call[] {
    if (this.#isRingbus) return [{ method: "DELETE", path: `/subscribers/${this.#id}` }];
    return [...this.#keys.values()].map((key) => this.#call(key, "close"));
  }

  /** Fulfilled when the loop has ended; the client must be closed for that. */
  async ended(): Promise<void> {
    await this.#loop;
  }
}
