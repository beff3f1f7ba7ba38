/**
 * Calls of scripts, said again until they are answered or their time is up. That is safe because every
 * script does nothing the second time.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { setImmediate } from "node:timers";
import type { ResolvedConfig } from "../queue/config.ts";
import { QueueNotInitializedError } from "../queue/errors.ts";
import type { Connection, Reply } from "./connection.ts";
import { classify, type Failure, isPassing, TooFewReplicas, toQueueError } from "./failures.ts";
import type { Routes } from "./cluster_router.ts";
import { type ScriptName, scripts } from "../queue/redis/scripts.ts";

/** What a script is for, as an error says it. */
const ACTIONS: Record<ScriptName, string> = {
  store: "publish or put",
  register: "subscribe",
  unsubscribe: "unsubscribe",
  claim: "take messages",
  release: "give messages back",
  acknowledge: "acknowledge",
  requeue: "requeue",
  pending: "read pending messages",
  deadLetters: "read dead letters",
  get: "get",
  remove: "delete",
  list: "list",
  count: "count",
  clear: "clear",
  sweep: "remove what is due",
  agree: "initialize",
};

/** First pause before another attempt, in milliseconds; it doubles with each. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;
/** Calls that share a script: others shall not wait long for the server. */
const MOST_AT_ONCE = 32;

const digests = Object.fromEntries(
  Object.entries(scripts).map(([name, text]) => [
    name,
    createHash("sha1").update(text).digest("hex"),
  ]),
) as Record<ScriptName, string>;

/** Milliseconds that one attempt may take: the first one must not use up the whole deadline. */
export function attemptMs(config: ResolvedConfig): number {
  return Math.max(1, Math.min(config.commandTimeoutMs, Math.floor(config.deadlineMs / 2)));
}

/** The time of a call ended before its last attempt did. */
class DeadlineReached extends Error {}

/** A call of a script. */
export interface Call {
  readonly script: ScriptName;
  readonly partition: number;
  /** What the script finds in `ARGV`, the same each time but for what `isRetry` decides. */
  readonly args: (isRetry: boolean) => string[];
  /** Calls of this script may share one: this comes before the `args` of all, once. */
  readonly shared?: string[];
  /** Replicas have to confirm it. */
  readonly isDurable?: boolean;
}

/** Calls of one script on their way together. */
class Batch {
  readonly args: string[] = [];
  readonly #waiting: PromiseWithResolvers<Reply>[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  add(args: string[]): Promise<Reply> {
    this.args.push(...args);
    const waiting = Promise.withResolvers<Reply>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  resolve(replies: Reply[]): void {
    for (const [i, waiting] of this.#waiting.entries()) waiting.resolve(replies[i]);
  }

  reject(error: unknown): void {
    for (const waiting of this.#waiting) waiting.reject(error);
  }
}

/** Runs scripts on the server of a partition. */
export class Runner {
  readonly #routes: Routes;
  readonly #config: ResolvedConfig;
  readonly #keys: readonly string[];
  readonly #where: string;
  readonly #running = new Set<Promise<unknown>>();
  readonly #batches = new WeakMap<Connection, Map<string, Batch>>();
  readonly #closing = Promise.withResolvers<never>();
  #isClosed = false;

  constructor(routes: Routes, config: ResolvedConfig, keys: readonly string[], where: string) {
    this.#routes = routes;
    this.#config = config;
    this.#keys = keys;
    this.#where = where;
    this.#closing.promise.catch(() => {});
  }

  /** Answers what the script does. */
  async run(call: Call): Promise<Reply> {
    const running = this.#run(call);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #run(call: Call): Promise<Reply> {
    const endMs = performance.now() + this.#config.deadlineMs;
    let pauseMs = FIRST_PAUSE_MS;
    let attempt = this.#attempt(call, false);
    let cause: unknown;
    let failure: Failure = "late";
    while (true) {
      try {
        return await attempt;
      } catch (error) {
        // What went wrong before says more than that time ran out at last.
        if (!(error instanceof DeadlineReached)) {
          cause = error;
          failure = classify(error);
        }
      }
      const leftMs = endMs - performance.now() - pauseMs;
      if (!isPassing(failure) || leftMs <= 0 || this.#isClosed) {
        throw toQueueError(ACTIONS[call.script], this.#where, failure, cause);
      }
      await this.#pause(pauseMs * (0.5 + Math.random() / 2));
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      attempt = this.#before(leftMs, this.#attemptAnew(call, failure));
    }
  }

  /** Another attempt, perhaps at another server. */
  async #attemptAnew(call: Call, failure: Failure): Promise<Reply> {
    if (this.#routes.isCluster && failure !== "not replicated") await this.#routes.lookAgain();
    return await this.#attempt(call, true);
  }

  async #attempt(call: Call, isRetry: boolean): Promise<Reply> {
    const isDurable = call.isDurable === true && this.#config.minReplicas > 0;
    const pool = await this.#routes.poolOf(call.partition, isDurable);
    const taken = pool.take();
    const connection = taken instanceof Promise ? await taken : taken;
    const reply = call.shared === undefined
      ? await this.#evaluate(connection, call, call.args(isRetry))
      : await this.#join(connection, call, call.shared, call.args(isRetry));
    // On the connection that wrote: on another one it would be about others' writes.
    if (isDurable) await this.#replicate(connection);
    return reply;
  }

  /** Calls that are made at the same time travel, and are done, as one. */
  #join(connection: Connection, call: Call, shared: string[], args: string[]): Promise<Reply> {
    const key = `${call.script} ${call.partition}`;
    let batches = this.#batches.get(connection);
    if (batches === undefined) this.#batches.set(connection, batches = new Map());
    let batch = batches.get(key);
    if (batch === undefined || batch.size === MOST_AT_ONCE) {
      batch = new Batch();
      batches.set(key, batch);
      void this.#sendBatch(connection, call, shared, batch, () => {
        if (batches.get(key) === batch) batches.delete(key);
      });
    }
    return batch.add(args);
  }

  async #sendBatch(
    connection: Connection,
    call: Call,
    shared: string[],
    batch: Batch,
    close: () => void,
  ): Promise<void> {
    // Until all have run that the last replies set going.
    await new Promise((resolve) => setImmediate(resolve));
    close();
    try {
      batch.resolve(await this.#evaluate(connection, call, [...shared, ...batch.args]) as Reply[]);
    } catch (error) {
      batch.reject(error);
    }
  }

  async #evaluate(
    connection: Connection,
    { script, partition }: Call,
    args: string[],
  ): Promise<Reply> {
    const publish = this.#routes.isCluster ? "SPUBLISH" : "PUBLISH";
    const horizon = String(2 * this.#config.deadlineMs);
    const all = ["1", this.#keys[partition], publish, horizon, ...args];
    try {
      return await connection.send(["EVALSHA", digests[script], ...all]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    }
    return await connection.send(["EVAL", scripts[script], ...all]);
  }

  async #replicate(connection: Connection): Promise<void> {
    const { minReplicas } = this.#config;
    const waitMs = Math.max(1, Math.floor(attemptMs(this.#config) / 2));
    const confirmed = await connection.replicated(minReplicas, waitMs);
    if (confirmed >= minReplicas) return;
    throw new TooFewReplicas(
      `${confirmed} of ${minReplicas} replicas confirmed it within ${waitMs} ms`,
    );
  }

  /** What an attempt answers, unless it takes longer. */
  async #before(leftMs: number, attempt: Promise<Reply>): Promise<Reply> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new DeadlineReached()), leftMs);
    });
    try {
      return await Promise.race([attempt, late]);
    } finally {
      clearTimeout(timer);
      attempt.catch(() => {});
    }
  }

  async #pause(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pause = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
    try {
      await Promise.race([pause, this.#closing.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** From now on there is one attempt a call, and those who pause before another are told. */
  hurry(): void {
    this.#isClosed = true;
    this.#closing.reject(
      new QueueNotInitializedError(
        `a call on ${this.#where} was not done when the queue was closed; it may have been done or not`,
      ),
    );
  }

  /** Waits until all calls are over. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}
