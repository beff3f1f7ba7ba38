/**
 * The scripts of shared state on a Redis server or cluster.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { RedisAddress } from "../../redis/address.ts";
import { ClusterRouter } from "../../redis/cluster_router.ts";
import type { ByteReply } from "../../redis/connection.ts";
import { type Failure, isTransient } from "../../redis/failures.ts";
import { type ScriptCall, ScriptRunner } from "../../redis/script_runner.ts";
import {
  SharedBackendClosedError,
  SharedBackendConnectionError,
  SharedBackendError,
} from "../errors.ts";
import { type StateScript, stateScripts } from "./scripts.ts";

/** Milliseconds for one attempt. */
const ATTEMPT_MS = 5000;
/** Milliseconds for a call with all its attempts. */
const DEADLINE_MS = 30_000;
/** One connection keeps the order of calls that do not wait for each other. */
const POOL_SIZE = 1;

/** What a script does with shared state, as an error names it. */
const ACTIONS: Record<StateScript, string> = {
  open: "open",
  append: "append to a thread of",
  slots: "read a thread of",
  slot: "read a slot of",
  length: "read the length of a thread of",
  deleteThread: "delete a thread of",
  threads: "list the threads of",
  clearThreads: "delete the threads of",
  setPair: "set a pair of",
  uuidOf: "read a uuid of",
  chainOf: "read a chain of",
  deletePair: "delete a pair of",
  pairs: "list the pairs of",
  clearPairs: "delete the pairs of",
};

/** The scripts of one state. */
export class RedisStateClient {
  readonly #router: ClusterRouter;
  readonly #runner: ScriptRunner<StateScript, ByteReply>;
  readonly #address: RedisAddress;

  /** Every key begins with `prefix`. Threads and pairs expire `ttlMs` after their last use. */
  constructor(address: RedisAddress, prefix: string, ttlMs: number) {
    const keys = [`${prefix}threads`];
    this.#address = address;
    this.#router = new ClusterRouter(address, keys, { timeoutMs: ATTEMPT_MS, poolSize: POOL_SIZE });
    this.#runner = new ScriptRunner(this.#router, {
      scripts: stateScripts,
      keys,
      commonArgs: [prefix, String(ttlMs), String(2 * DEADLINE_MS)],
      deadlineMs: DEADLINE_MS,
      send: (connection, command) => connection.sendBytes(command),
      toError: (script, failure, cause) => this.#toError(script, failure, cause),
    });
  }

  /** Runs a script, and returns its reply. */
  run(script: StateScript, ...args: (string | Uint8Array)[]): Promise<ByteReply> {
    return this.#runner.run(callOf(script, args));
  }

  /** Checks with one attempt that the server can be reached. */
  async open(): Promise<void> {
    try {
      await this.#runner.runOnce(callOf("open", []));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  #toError(script: StateScript, failure: Failure, cause: unknown): SharedBackendError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const { redactedUrl } = this.#address;
    const message = `cannot ${ACTIONS[script]} shared state on ${redactedUrl}: ${reason}`;
    if (failure === "closed") {
      return new SharedBackendClosedError(`${message}; the call may have been carried out`, {
        cause,
      });
    }
    if (isTransient(failure)) {
      return new SharedBackendConnectionError(
        `${message}; check that the server runs and can be reached`,
        { cause },
      );
    }
    const advice = failure === "memory"
      ? "delete threads, lower redisTtl, or raise maxmemory"
      : "check user, password and their rights in redisUrl, and that it is Redis 7 or later";
    return new SharedBackendError(`${message}; ${advice}`, { cause });
  }

  /** Waits for pending calls, and closes all connections. */
  async close(): Promise<void> {
    this.#runner.stopRetrying();
    this.#router.stopRetrying();
    await this.#runner.settled();
    await this.#router.close();
  }
}

function callOf(script: StateScript, args: (string | Uint8Array)[]): ScriptCall<StateScript> {
  const sent = args.map(toArgument);
  return { script, partition: 0, args: () => sent };
}

function toArgument(argument: string | Uint8Array): string | Buffer {
  if (typeof argument === "string") return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}
