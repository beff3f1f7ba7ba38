/**
 * Calls of Lua scripts. A call that fails is repeated until the server replies or its deadline has
 * passed. That is safe because every script recognizes a call that it has carried out before.
 *
 * @module
 */

import { RingbusError } from "../../lib/base/errors.ts";
import { Backoff, type BackoffOptions } from "../../lib/base/retry.ts";
import { sleep } from "../../lib/base/sleep.ts";
import { withDeadline } from "../../lib/base/timer.ts";
import { setImmediate } from "node:timers";
import type { ClusterRouter } from "./cluster_router.ts";
import { type Argument, type Connection, transferMs } from "./connection.ts";
import {
  AttemptTimeout,
  CallAborted,
  classify,
  type Failure,
  moreTelling,
  reactionTo,
  reasonOf,
  type ServerFailure,
  TooFewReplicas,
} from "./failures.ts";
import { ReplyPacer, ScriptBatch, ScriptLane } from "./script_batch.ts";
import type { ScriptTable } from "./script.ts";

/** Delays before a call is repeated. */
const BACKOFF: BackoffOptions = { initialMs: 10, maxMs: 500 };
/** An attempt with less time would not reach the server. */
const MIN_ATTEMPT_MS = 1;

/**
 * The deadline of a call passed before its last attempt ended.
 *
 * @internal
 */
class DeadlineReached extends RingbusError {
  /** The class name. */
  override name = "DeadlineReached";
  /** Stable code of the class. */
  override readonly code: string = "redis-deadline";
}

/** How many replicas must confirm a durable call, and how long to wait for them. */
export interface ReplicationOptions {
  /** Number of replicas; 0 to wait for none. */
  readonly minReplicas: number;
  /** Milliseconds to wait. */
  readonly waitMs: number;
}

/** What a runner needs to know of its scripts. */
export interface ScriptRunnerOptions<Name extends string, Reply> {
  readonly scripts: ScriptTable<Name>;
  /** `KEYS[1]` of each partition. */
  readonly keys: readonly string[];
  /** `ARGV` of every call begins with these. */
  readonly commonArgs: readonly string[];
  /** Milliseconds that a call may take, its repetitions included. */
  readonly deadlineMs: number;
  readonly replication?: ReplicationOptions;
  /** Sends a command, and returns the reply as texts or as bytes. */
  readonly send: (connection: Connection, command: Argument[]) => Promise<Reply>;
  /** Makes the error that the caller sees. */
  readonly toError: (
    script: Name,
    failure: ServerFailure,
    cause: unknown,
    timeoutMs?: number,
  ) => Error;
}

/** A call of a script. */
export interface ScriptCall<Name extends string> {
  readonly script: Name;
  readonly partition: number;
  /**
   * The rest of `ARGV`: the same for each attempt, except for what depends on `isRetry`. Called when the command is sent,
   * and to find how long a call that has failed may take.
   */
  readonly args: (isRetry: boolean) => readonly Argument[];
  /** Allows calls of this script to share a command. They follow the `args` of all calls once. */
  readonly sharedArgs?: readonly string[] | undefined;
  /** Whether replicas must confirm the call. */
  readonly isDurable?: boolean | undefined;
  /** Milliseconds to wait for a server that cannot be reached. Default: the deadline. */
  readonly unreachableMs?: number | undefined;
  /** Milliseconds for the call with all its attempts, in place of the deadline of all calls. */
  readonly timeoutMs?: number | undefined;
}

/** Runs scripts on the server of a partition. */
export class ScriptRunner<Name extends string, Reply> {
  readonly #router: ClusterRouter;
  readonly #options: ScriptRunnerOptions<Name, Reply>;
  readonly #running = new Set<Promise<unknown>>();
  readonly #lanes = new WeakMap<Connection, Map<string, ScriptLane<Reply>>>();
  readonly #pacer = new ReplyPacer();
  readonly #closing = new AbortController();

  constructor(router: ClusterRouter, options: ScriptRunnerOptions<Name, Reply>) {
    this.#router = router;
    this.#options = options;
  }

  /** Runs a script until the server replies, and returns the reply. */
  run(call: ScriptCall<Name>): Promise<Reply> {
    return this.#track(this.#runUntilDeadline(call));
  }

  /** As `run`, with one attempt. */
  runOnce(call: ScriptCall<Name>): Promise<Reply> {
    return this.#track(
      this.#attempt(call, false).catch((error) => {
        throw this.#toError(call, classify(error), error);
      }),
    );
  }

  async #track(running: Promise<Reply>): Promise<Reply> {
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #runUntilDeadline(call: ScriptCall<Name>): Promise<Reply> {
    const beganMs = performance.now();
    const { timeoutMs: limitMs } = call;
    let backoff: Backoff | undefined;
    let attempt = this.#attempt(call, false);
    if (limitMs !== undefined) {
      attempt = withDeadline(attempt, limitMs, () => new DeadlineReached());
    }
    let told: unknown;
    let failure: Failure = "late";
    let isCut = false;
    while (true) {
      try {
        return await attempt;
      } catch (error) {
        isCut = error instanceof DeadlineReached;
        // The failure of an earlier attempt explains more than the deadline does.
        if (!isCut) {
          told = moreTelling(told, error);
          failure = classify(error);
        }
      }
      const timeoutMs = limitMs ?? this.#options.deadlineMs + transferMs(call.args(true));
      const { unreachableMs = timeoutMs } = call;
      const patienceMs = failure === "unavailable" ? unreachableMs : timeoutMs;
      const leftMs = beganMs + patienceMs - performance.now();
      backoff ??= new Backoff(BACKOFF);
      const pauseMs = backoff.next();
      // A caller that names a time waits until its end.
      const delayMs = limitMs === undefined ? pauseMs : Math.min(pauseMs, leftMs / 2);
      const remainingMs = leftMs - delayMs;
      const { isRetried } = reactionTo(failure);
      if (!isRetried || remainingMs < MIN_ATTEMPT_MS || this.#closing.signal.aborted) {
        const cause = told ?? new AttemptTimeout("there was no reply");
        const isBoth = isCut && told !== undefined;
        throw this.#toError(call, classify(cause), isBoth ? cutAfter(cause) : cause);
      }
      await this.#backOff(call, delayMs);
      const next = this.#retry(call, failure);
      attempt = withDeadline(next, remainingMs, () => new DeadlineReached());
    }
  }

  /** Another attempt, perhaps at another server. */
  async #retry(call: ScriptCall<Name>, failure: Failure): Promise<Reply> {
    // A master of a cluster that lacks replicas is still the master; one that sentinels replaced lacks them.
    const mayHaveMoved = failure !== "not replicated" || !this.#router.isCluster;
    if (this.#router.isDiscovered && mayHaveMoved) await this.#router.refresh();
    return await this.#attempt(call, true);
  }

  /** The error of the program is passed on as it is: no server has caused it. */
  #toError(
    { script, timeoutMs }: ScriptCall<Name>,
    failure: Failure,
    cause: unknown,
  ): unknown {
    if (failure === "misuse") return cause;
    return this.#options.toError(script, failure, cause, timeoutMs);
  }

  async #attempt(call: ScriptCall<Name>, isRetry: boolean): Promise<Reply> {
    const { replication } = this.#options;
    const isDurable = call.isDurable === true && (replication?.minReplicas ?? 0) > 0;
    const found = this.#router.poolOf(call.partition, isDurable);
    const pool = found instanceof Promise ? await found : found;
    const acquired = pool.take();
    const connection = acquired instanceof Promise ? await acquired : acquired;
    try {
      return await connection.use(() => this.#runOn(connection, call, isRetry, isDurable));
    } catch (error) {
      // After the first of the calls on this connection has retired it, the others retire nothing.
      const failure = classify(error);
      if (failure === "late") this.#router.reportFailure(pool.address, error);
      const { isDisconnected } = reactionTo(failure);
      if (isDisconnected && !connection.isRetired) this.#router.disconnect(pool.address);
      throw error;
    }
  }

  async #runOn(
    connection: Connection,
    call: ScriptCall<Name>,
    isRetry: boolean,
    isDurable: boolean,
  ): Promise<Reply> {
    const reply = call.sharedArgs === undefined
      ? await this.#evaluate(connection, call, call.args(isRetry))
      : await this.#enqueue(connection, call, call.sharedArgs, () => call.args(isRetry));
    // WAIT counts the writes of its own connection.
    if (isDurable) await waitForReplicas(connection, this.#options.replication!);
    return reply;
  }

  /** Adds a call to the batch that this turn of the event loop sends. */
  #enqueue(
    connection: Connection,
    call: ScriptCall<Name>,
    sharedArgs: readonly string[],
    args: () => readonly Argument[],
  ): Promise<Reply> {
    const lane = this.#laneOf(connection, call);
    if (lane.add()) {
      setImmediate(lane.onTurn);
      return this.#evaluateOne(connection, call, [...sharedArgs, ...args()]);
    }
    let batch = lane.take();
    if (batch === undefined) {
      lane.open = batch = new ScriptBatch();
      void this.#sendBatch(connection, call, sharedArgs, batch, lane);
    }
    return batch.add(args);
  }

  #laneOf(connection: Connection, { script, partition }: ScriptCall<Name>): ScriptLane<Reply> {
    const key = `${script} ${partition}`;
    let lanes = this.#lanes.get(connection);
    if (lanes === undefined) this.#lanes.set(connection, lanes = new Map());
    let lane = lanes.get(key);
    if (lane === undefined) lanes.set(key, lane = new ScriptLane());
    return lane;
  }

  async #evaluateOne(
    connection: Connection,
    call: ScriptCall<Name>,
    args: readonly Argument[],
  ): Promise<Reply> {
    const [reply] = await this.#evaluate(connection, call, args) as Reply[];
    return reply;
  }

  async #sendBatch(
    connection: Connection,
    call: ScriptCall<Name>,
    sharedArgs: readonly string[],
    batch: ScriptBatch<Reply>,
    lane: ScriptLane<Reply>,
  ): Promise<void> {
    // The callers that the last replies have woken add their next calls first.
    await new Promise((resolve) => setImmediate(resolve));
    lane.onTurn();
    if (lane.open === batch) lane.open = undefined;
    try {
      const replies = await this.#evaluate(connection, call, [...sharedArgs, ...batch.args()]);
      this.#pacer.add(() => {
        lane.end(batch);
        batch.resolve(replies as Reply[]);
      });
    } catch (error) {
      lane.end(batch);
      batch.reject(error);
    }
  }

  async #evaluate(
    connection: Connection,
    { script, partition }: ScriptCall<Name>,
    args: readonly Argument[],
  ): Promise<Reply> {
    const { scripts, keys, commonArgs, send } = this.#options;
    const { digest, text } = scripts[script];
    const all = ["1", keys[partition], ...commonArgs, ...args];
    try {
      return await send(connection, ["EVALSHA", digest, ...all]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    }
    return await send(connection, ["EVAL", text, ...all]);
  }

  async #backOff(call: ScriptCall<Name>, delayMs: number): Promise<void> {
    const { signal } = this.#closing;
    await sleep(delayMs, signal);
    if (!signal.aborted) return;
    const error = new CallAborted();
    throw this.#toError(call, classify(error), error);
  }

  /** Ends all repetitions: from now on each call has one attempt. */
  stopRetrying(): void {
    this.#closing.abort();
  }

  /** Waits until all calls have ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}

/** What an attempt was told, when the deadline has ended the one after it. */
function cutAfter(cause: unknown): AttemptTimeout {
  return new AttemptTimeout(
    `${reasonOf(cause)}, and then there was no reply to the last attempt before the deadline`,
    { cause },
  );
}

async function waitForReplicas(
  connection: Connection,
  { minReplicas, waitMs }: ReplicationOptions,
): Promise<void> {
  const confirmed = await connection.waitForReplicas(minReplicas, waitMs);
  if (confirmed >= minReplicas) return;
  throw new TooFewReplicas(
    `${confirmed} of ${minReplicas} replicas confirmed it within ${waitMs} ms`,
  );
}
