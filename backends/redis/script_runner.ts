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
import { classify, type Failure, isTransient, TooFewReplicas, toQueueError } from "./failures.ts";
import type { ClusterRouter } from "./cluster_router.ts";
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
const INITIAL_BACKOFF_MS = 10;
const MAX_BACKOFF_MS = 500;
/** Calls that share a script: others shall not wait long for the server. */
const MAX_BATCH_SIZE = 32;

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
export interface ScriptCall {
  readonly script: ScriptName;
  readonly partition: number;
  /** What the script finds in `ARGV`, the same each time but for what `isRetry` decides. */
  readonly args: (isRetry: boolean) => string[];
  /** Calls of this script may share one: this comes before the `args` of all, once. */
  readonly sharedArgs?: string[];
  /** Replicas have to confirm it. */
  readonly isDurable?: boolean;
}

/** Calls of one script on their way together. */
class Batch {
  readonly args: string[] = [];
  readonly #pending: PromiseWithResolvers<Reply>[] = [];

  get size(): number {
    return this.#pending.length;
  }

  add(args: string[]): Promise<Reply> {
    this.args.push(...args);
    const waiting = Promise.withResolvers<Reply>();
    this.#pending.push(waiting);
    return waiting.promise;
  }

  resolve(replies: Reply[]): void {
    for (const [i, waiting] of this.#pending.entries()) waiting.resolve(replies[i]);
  }

  reject(error: unknown): void {
    for (const waiting of this.#pending) waiting.reject(error);
  }
}

/** Runs scripts on the server of a partition. */
export class ScriptRunner {
  readonly #router: ClusterRouter;
  readonly #config: ResolvedConfig;
  readonly #keys: readonly string[];
  readonly #address: string;
  readonly #running = new Set<Promise<unknown>>();
  readonly #batches = new WeakMap<Connection, Map<string, Batch>>();
  readonly #closing = Promise.withResolvers<never>();
  #isClosed = false;

  constructor(
    router: ClusterRouter,
    config: ResolvedConfig,
    keys: readonly string[],
    address: string,
  ) {
    this.#router = router;
    this.#config = config;
    this.#keys = keys;
    this.#address = address;
    this.#closing.promise.catch(() => {});
  }

  /** Answers what the script does. */
  async run(call: ScriptCall): Promise<Reply> {
    const running = this.#run(call);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #run(call: ScriptCall): Promise<Reply> {
    const deadlineMs = performance.now() + this.#config.deadlineMs;
    let backoffMs = INITIAL_BACKOFF_MS;
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
      const remainingMs = deadlineMs - performance.now() - backoffMs;
      if (!isTransient(failure) || remainingMs <= 0 || this.#isClosed) {
        throw toQueueError(ACTIONS[call.script], this.#address, failure, cause);
      }
      await this.#backOff(backoffMs * (0.5 + Math.random() / 2));
      backoffMs = Math.min(2 * backoffMs, MAX_BACKOFF_MS);
      attempt = this.#withDeadline(remainingMs, this.#retry(call, failure));
    }
  }

  /** Another attempt, perhaps at another server. */
  async #retry(call: ScriptCall, failure: Failure): Promise<Reply> {
    if (this.#router.isCluster && failure !== "not replicated") await this.#router.refresh();
    return await this.#attempt(call, true);
  }

  async #attempt(call: ScriptCall, isRetry: boolean): Promise<Reply> {
    const isDurable = call.isDurable === true && this.#config.minReplicas > 0;
    const pool = await this.#router.poolOf(call.partition, isDurable);
    const acquired = pool.take();
    const connection = acquired instanceof Promise ? await acquired : acquired;
    const reply = call.sharedArgs === undefined
      ? await this.#evaluate(connection, call, call.args(isRetry))
      : await this.#enqueue(connection, call, call.sharedArgs, call.args(isRetry));
    // On the connection that wrote: on another one it would be about others' writes.
    if (isDurable) await this.#replicate(connection);
    return reply;
  }

  /** Calls that are made at the same time travel, and are done, as one. */
  #enqueue(
    connection: Connection,
    call: ScriptCall,
    sharedArgs: string[],
    args: string[],
  ): Promise<Reply> {
    const key = `${call.script} ${call.partition}`;
    let batches = this.#batches.get(connection);
    if (batches === undefined) this.#batches.set(connection, batches = new Map());
    let batch = batches.get(key);
    if (batch === undefined || batch.size === MAX_BATCH_SIZE) {
      batch = new Batch();
      batches.set(key, batch);
      void this.#sendBatch(connection, call, sharedArgs, batch, () => {
        if (batches.get(key) === batch) batches.delete(key);
      });
    }
    return batch.add(args);
  }

  async #sendBatch(
    connection: Connection,
    call: ScriptCall,
    sharedArgs: string[],
    batch: Batch,
    close: () => void,
  ): Promise<void> {
    // Until all have run that the last replies set going.
    await new Promise((resolve) => setImmediate(resolve));
    close();
    try {
      batch.resolve(
        await this.#evaluate(connection, call, [...sharedArgs, ...batch.args]) as Reply[],
      );
    } catch (error) {
      batch.reject(error);
    }
  }

  async #evaluate(
    connection: Connection,
    { script, partition }: ScriptCall,
    args: string[],
  ): Promise<Reply> {
    const publish = this.#router.isCluster ? "SPUBLISH" : "PUBLISH";
    const dedupWindowMs = String(2 * this.#config.deadlineMs);
    const all = ["1", this.#keys[partition], publish, dedupWindowMs, ...args];
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
    const confirmed = await connection.waitForReplicas(minReplicas, waitMs);
    if (confirmed >= minReplicas) return;
    throw new TooFewReplicas(
      `${confirmed} of ${minReplicas} replicas confirmed it within ${waitMs} ms`,
    );
  }

  /** What an attempt answers, unless it takes longer. */
  async #withDeadline(remainingMs: number, attempt: Promise<Reply>): Promise<Reply> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new DeadlineReached()), remainingMs);
    });
    try {
      return await Promise.race([attempt, timeout]);
    } finally {
      clearTimeout(timer);
      attempt.catch(() => {});
    }
  }

  async #backOff(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const elapsed = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
    try {
      await Promise.race([elapsed, this.#closing.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** From now on there is one attempt a call, and those who pause before another are told. */
  stopRetrying(): void {
    this.#isClosed = true;
    this.#closing.reject(
      new QueueNotInitializedError(
        `a call on ${this.#address} was not done when the queue was closed; it may have been done or not`,
      ),
    );
  }

  /** Waits until all calls are over. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}
