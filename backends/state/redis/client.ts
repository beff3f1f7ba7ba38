/**
 * The calls of shared state as scripts on a Redis server or cluster.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { RedisAddress } from "../../redis/address.ts";
import { evictionPolicy } from "../../redis/eviction.ts";
import { ClusterRouter } from "../../redis/cluster_router.ts";
import type { ByteReply } from "../../redis/connection.ts";
import { type ScriptCall, ScriptRunner } from "../../redis/script_runner.ts";
import type { StateLimits } from "../config.ts";
import { logger } from "../log.ts";
import type { StateCounts } from "../info.ts";
import type { StateClient } from "../remote_backend.ts";
import { threadFull, threadsFull } from "../table.ts";
import { threadLost, toStateError } from "./errors.ts";
import {
  type StateScript,
  stateScripts,
  THREAD_FULL,
  THREAD_LOST,
  THREADS_FULL,
} from "./scripts.ts";

/** Milliseconds for one attempt. */
const ATTEMPT_MS = 5000;
/** Milliseconds for a call with all its attempts. */
const DEADLINE_MS = 30_000;
/** One connection keeps the order of calls that do not wait for each other. */
const POOL_SIZE = 1;

/** What a client needs to know of its state. */
export interface RedisStateOptions {
  readonly address: RedisAddress;
  /** Every key begins with it. */
  readonly prefix: string;
  /** Milliseconds from the last use of a thread or a pair to its expiry. */
  readonly ttlMs: number;
  readonly limits: StateLimits;
  /** Number of replicas that must have a call before it is fulfilled. */
  readonly minReplicas: number;
}

/** The calls of one state. */
export class RedisStateClient implements StateClient {
  readonly #router: ClusterRouter;
  readonly #runner: ScriptRunner<StateScript, ByteReply>;
  readonly #limits: StateLimits;
  readonly #url: string;
  #looking: Promise<void> | undefined;

  constructor({ address, prefix, ttlMs, limits, minReplicas }: RedisStateOptions) {
    this.#url = address.redactedUrl;
    const keys = [`${prefix}threads`];
    this.#limits = limits;
    this.#router = new ClusterRouter(address, keys, {
      timeoutMs: ATTEMPT_MS,
      poolSize: POOL_SIZE,
      logger,
    });
    this.#runner = new ScriptRunner(this.#router, {
      scripts: stateScripts,
      keys,
      commonArgs: [prefix, String(ttlMs), String(2 * DEADLINE_MS)],
      deadlineMs: DEADLINE_MS,
      replication: { minReplicas, waitMs: ATTEMPT_MS / 2 },
      send: (connection, command) => connection.sendBytes(command),
      toError: (script, failure, cause) =>
        toStateError(script, address.redactedUrl, failure, cause),
    });
  }

  /** Checks with one attempt that the server can be reached. */
  async open(): Promise<void> {
    try {
      await this.#runner.runOnce(callOf("open", []));
      await (this.#looking ??= this.#lookForEviction());
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Waits for pending calls, and closes all connections. */
  async close(): Promise<void> {
    this.#runner.stopRetrying();
    this.#router.stopRetrying();
    await this.#runner.settled();
    await this.#looking;
    await this.#router.close();
  }

  /** Logs a warning if the server may evict slots, or the replies by which repeated calls are recognized. */
  async #lookForEviction(): Promise<void> {
    const url = this.#url;
    try {
      const pool = await this.#router.poolOf(0, false);
      const policy = await evictionPolicy(await pool.take());
      if (policy === undefined) return;
      const advice = "set maxmemory-policy noeviction: indexes may repeat";
      logger.warn("redis_may_evict_state", { url, policy, advice });
    } catch (error) {
      logger.debug("redis_look_refused", { url, error });
    }
  }

  /** Checks with one attempt that the server replies. */
  async ping(): Promise<void> {
    await this.#runner.runOnce(callOf("open", []));
  }

  async counts(): Promise<StateCounts> {
    const [threads, pairs] = toList(await this.#run("counts")).map(Number);
    return { threads, pairs };
  }

  #run(script: StateScript, ...args: (string | Uint8Array)[]): Promise<ByteReply> {
    const running = this.#runner.run(callOf(script, args));
    this.#looking ??= this.#lookForEviction();
    return running;
  }

  /** Runs a write. Its number lets the script recognize a repeated call. */
  #runOnce(script: StateScript, ...args: (string | Uint8Array)[]): Promise<ByteReply> {
    return this.#run(script, crypto.randomUUID(), ...args);
  }

  async append(threadId: string, slot: Uint8Array): Promise<number> {
    const { maxSlotsPerThread, maxThreads } = this.#limits;
    const limits = [maxSlotsPerThread, maxThreads].map(String);
    const index = Number(await this.#runOnce("append", threadId, slot, ...limits));
    if (index === THREAD_LOST) throw threadLost(threadId);
    if (index === THREAD_FULL) throw threadFull(threadId, maxSlotsPerThread);
    if (index === THREADS_FULL) throw threadsFull(threadId, maxThreads);
    return index;
  }

  async slots(threadId: string): Promise<Uint8Array[]> {
    const slots = await this.#run("slots", threadId);
    if (slots === THREAD_LOST) throw threadLost(threadId);
    return toList(slots).map(toBytes);
  }

  async slot(threadId: string, index: number): Promise<Uint8Array | undefined> {
    const slot = await this.#run("slot", threadId, String(index));
    if (slot === THREAD_LOST) throw threadLost(threadId);
    return slot === null ? undefined : toBytes(slot);
  }

  async threadLength(threadId: string): Promise<number> {
    const length = Number(await this.#run("length", threadId));
    if (length === THREAD_LOST) throw threadLost(threadId);
    return length;
  }

  async deleteThread(threadId: string): Promise<boolean> {
    return await this.#runOnce("deleteThread", threadId) === 1;
  }

  async threadIds(): Promise<string[]> {
    return toList(await this.#run("threads")).map(String);
  }

  async clearThreads(): Promise<void> {
    await this.#runOnce("clearThreads");
  }

  async setPair(chain: string, uuid: string): Promise<void> {
    await this.#runOnce("setPair", chain, uuid);
  }

  async uuidOf(chain: string): Promise<string | undefined> {
    return toText(await this.#run("uuidOf", chain));
  }

  async chainOf(uuid: string): Promise<string | undefined> {
    return toText(await this.#run("chainOf", uuid));
  }

  async deletePair(uuid: string): Promise<boolean> {
    return await this.#runOnce("deletePair", uuid) === 1;
  }

  async pairs(): Promise<Record<string, string>> {
    const names = toList(await this.#run("pairs")).map(String);
    const pairs = names.flatMap((uuid, i) => i % 2 === 0 ? [[uuid, names[i + 1]]] : []);
    return Object.fromEntries(pairs);
  }

  async clearPairs(): Promise<void> {
    await this.#runOnce("clearPairs");
  }
}

function callOf(script: StateScript, args: (string | Uint8Array)[]): ScriptCall<StateScript> {
  const sent = args.map(toArgument);
  return { script, partition: 0, args: () => sent, isDurable: true };
}

function toArgument(argument: string | Uint8Array): string | Buffer {
  if (typeof argument === "string") return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}

function toList(reply: ByteReply): ByteReply[] {
  return reply as ByteReply[];
}

function toText(reply: ByteReply): string | undefined {
  return reply === null ? undefined : String(reply);
}

/** A copy: the buffers of a reply are parts of larger ones. */
function toBytes(reply: ByteReply): Uint8Array {
  return new Uint8Array(reply as Uint8Array);
}
