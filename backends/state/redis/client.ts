/**
 * Calls of the scripts of shared state on a Redis server or cluster, made again while what is in the way
 * passes. That is safe because a write that is sent again answers what it answered before.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { RedisAddress } from "../../redis/address.ts";
import { classify, isTransient } from "../../redis/failures.ts";
import { ClusterRouter } from "../../redis/cluster_router.ts";
import { SharedBackendConnectionError, SharedBackendError } from "../errors.ts";
import { type StateScript, stateScripts } from "./scripts.ts";

/** Milliseconds for one attempt. */
const ATTEMPT_MS = 5000;
/** Milliseconds for a call with all its attempts. */
const DEADLINE_MS = 30_000;
/** Milliseconds between two attempts. */
const RETRY_DELAY_MS = 100;
/** One connection keeps the order of calls that are made without waiting. */
const POOL_SIZE = 1;

const digests = new Map(
  Object.values(stateScripts).map((text) => [text, createHash("sha1").update(text).digest("hex")]),
);

/** An argument of a script. */
export type Argument = string | Uint8Array;
/** What a script answers: bytes stand for texts. */
export type ByteReply = Buffer | number | null | ByteReply[];

/** The scripts of one state. */
export class RedisStateClient {
  readonly #router: ClusterRouter;
  readonly #address: RedisAddress;
  readonly #firstKey: string;
  readonly #commonArgs: readonly string[];
  readonly #running = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(address: RedisAddress, prefix: string, ttlMs: number) {
    this.#address = address;
    this.#firstKey = `${prefix}threads`;
    this.#commonArgs = [prefix, String(ttlMs), String(2 * DEADLINE_MS)];
    this.#router = new ClusterRouter(address, [this.#firstKey], {
      timeoutMs: ATTEMPT_MS,
      poolSize: POOL_SIZE,
    });
  }

  /** Answers what a script does. */
  async run(name: StateScript, ...args: Argument[]): Promise<ByteReply> {
    const running = this.#run(name, args);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #run(name: StateScript, args: Argument[]): Promise<ByteReply> {
    const deadlineMs = performance.now() + DEADLINE_MS - ATTEMPT_MS;
    while (true) {
      try {
        return await this.#attempt(stateScripts[name], args);
      } catch (error) {
        const isFinal = this.#isClosed || performance.now() > deadlineMs;
        if (isFinal || !isTransient(classify(error))) throw this.#explain(name, error);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
      // A cluster that cannot be asked now may be asked by the next attempt.
      if (this.#router.isCluster) await this.#router.refresh().catch(() => {});
    }
  }

  async #attempt(script: string, args: Argument[]): Promise<ByteReply> {
    const pool = await this.#router.poolOf(0, false);
    const connection = await pool.take();
    const rest = ["1", this.#firstKey, ...this.#commonArgs, ...args.map(toSend)];
    try {
      return await connection.sendBytes(["EVALSHA", digests.get(script)!, ...rest]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    }
    return await connection.sendBytes(["EVAL", script, ...rest]);
  }

  /** Makes sure that the server is there: once, and without patience. */
  async open(): Promise<void> {
    try {
      await this.#attempt(stateScripts.length, ["connection test"]);
    } catch (error) {
      await this.close();
      throw this.#explain("open", error);
    }
  }

  #explain(action: string, cause: unknown): SharedBackendError {
    const failure = classify(cause);
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot ${action} shared state on ${this.#address.redactedUrl}: ${reason}`;
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

  /** Waits for calls on their way, and ends all connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#router.stopRetrying();
    await Promise.allSettled(this.#running);
    await this.#router.close();
  }
}

function toSend(argument: Argument): string | Buffer {
  if (typeof argument === "string") return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}
