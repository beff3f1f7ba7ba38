/**
 * Calls of scripts, said again until they are answered or their time is up. That is safe because every
 * script does nothing the second time.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ResolvedConfig } from "../queue/config.ts";
import { QueueNotInitializedError } from "../queue/errors.ts";
import type { Connection, Reply } from "./connection.ts";
import {
  AttemptTimeout,
  classify,
  type Failure,
  isPassing,
  TooFewReplicas,
  toQueueError,
} from "./failures.ts";
import type { Routes } from "./routes.ts";
import { type ScriptName, scripts } from "./scripts.ts";

/** First pause before another attempt, in milliseconds; it doubles with each. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;

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

/** A call of a script. */
export interface Call {
  readonly script: ScriptName;
  readonly partition: number;
  /** What the script finds in `ARGV`, the same each time but for what `isRetry` decides. */
  readonly args: (isRetry: boolean) => string[];
  /** Replicas have to confirm it. */
  readonly isDurable?: boolean;
}

/** Runs scripts on the server of a partition. */
export class Runner {
  readonly #routes: Routes;
  readonly #config: ResolvedConfig;
  readonly #keys: readonly string[];
  readonly #where: string;
  readonly #running = new Set<Promise<unknown>>();
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
    while (true) {
      let failure: Failure;
      let cause: unknown;
      try {
        return await attempt;
      } catch (error) {
        cause = error;
        failure = classify(error);
      }
      const leftMs = endMs - performance.now() - pauseMs;
      if (!isPassing(failure) || leftMs <= 0 || this.#isClosed) {
        throw toQueueError(call.script, this.#where, failure, cause);
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
    const isWaiting = call.isDurable === true && this.#config.minReplicas > 0;
    const pool = await this.#routes.poolOf(call.partition);
    const connection = await pool.take(isWaiting);
    const args = this.#argsOf(call, isRetry);
    try {
      return await this.#send(connection, ["EVALSHA", digests[call.script], ...args], isWaiting);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    }
    return await this.#send(connection, ["EVAL", scripts[call.script], ...args], isWaiting);
  }

  #argsOf(call: Call, isRetry: boolean): string[] {
    const publish = this.#routes.isCluster ? "SPUBLISH" : "PUBLISH";
    const horizon = String(2 * this.#config.deadlineMs);
    return ["1", this.#keys[call.partition], publish, horizon, ...call.args(isRetry)];
  }

  /** `WAIT` goes with the script: another command, or another connection, would count others' writes. */
  async #send(connection: Connection, command: string[], isWaiting: boolean): Promise<Reply> {
    if (!isWaiting) return await connection.send(command);
    const { minReplicas } = this.#config;
    const waitMs = Math.max(1, Math.floor(attemptMs(this.#config) / 2));
    const [reply, confirmed] = await Promise.allSettled([
      connection.send(command),
      connection.send(["WAIT", String(minReplicas), String(waitMs)]),
    ]);
    if (reply.status === "rejected") throw reply.reason;
    if (confirmed.status === "rejected") throw confirmed.reason;
    if (Number(confirmed.value) < minReplicas) {
      throw new TooFewReplicas(
        `${confirmed.value} of ${minReplicas} replicas confirmed it within ${waitMs} ms`,
      );
    }
    return reply.value;
  }

  /** What an attempt answers, unless it takes longer. */
  async #before(leftMs: number, attempt: Promise<Reply>): Promise<Reply> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new AttemptTimeout(
        `no reply came in the ${this.#config.deadlineMs} ms of a call`,
      );
      timer = setTimeout(() => reject(error), leftMs);
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

  /** Lets calls finish the attempt they are at; there will be no other. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing.reject(
      new QueueNotInitializedError(
        `a call on ${this.#where} was not done when the queue was closed; it may have been done or not`,
      ),
    );
    await Promise.allSettled(this.#running);
  }
}
