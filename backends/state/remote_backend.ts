/**
 * What backends on a server have in common: the checks, and a client that connects with the first call.
 *
 * @module
 */

import { endingTurn, takeTurnsIn } from "../../lib/base/turn.ts";
import { checkNoMore } from "../../lib/base/checks.ts";
import { infoOf, type SharedBackendInfo, type StateCounts, type StatePlace } from "./info.ts";
import { LazyClient } from "./lazy_client.ts";
import type { SharedBackend } from "./types.ts";
import { checkIndex, checkSlot, checkStateName } from "./validate.ts";

/**
 * The calls of one state on a server. Names, slots and indexes are valid.
 * @internal
 */
export interface StateClient {
  /** Checks that the server can be reached. */
  open(): Promise<void>;
  /** Waits for pending calls, and disconnects. */
  close(): Promise<void>;
  /** Checks that the server replies. */
  ping(): Promise<void>;
  /** Numbers of threads and pairs that have not expired. */
  counts(): Promise<StateCounts>;
  append(threadId: string, slot: Uint8Array): Promise<number>;
  slots(threadId: string): Promise<Uint8Array[]>;
  slot(threadId: string, index: number): Promise<Uint8Array | undefined>;
  threadLength(threadId: string): Promise<number>;
  deleteThread(threadId: string): Promise<boolean>;
  threadIds(): Promise<string[]>;
  clearThreads(): Promise<void>;
  setPair(chain: string, uuid: string): Promise<void>;
  uuidOf(chain: string): Promise<string | undefined>;
  chainOf(uuid: string): Promise<string | undefined>;
  deletePair(uuid: string): Promise<boolean>;
  pairs(): Promise<Record<string, string>>;
  clearPairs(): Promise<void>;
}

/** A backend whose state is on a server. Use `RedisBackend` or `ManagerBackend`. */
export abstract class RemoteBackend implements SharedBackend {
  readonly #client: LazyClient<StateClient>;
  readonly #place: StatePlace;

  static {
    takeTurnsIn(this.prototype);
  }

  /**
   * Prepares a backend, and does no input or output.
   *
   * @internal
   */
  protected constructor(makeClient: () => Promise<StateClient>, place: StatePlace) {
    this.#place = place;
    this.#client = new LazyClient(this.constructor.name, makeClient);
  }

  /**
   * Checks that the server can be reached.
   *
   * @throws {SharedBackendConnectionError} if it cannot
   * @throws {SharedBackendError} if the server rejects the client
   */
  async connect(): Promise<void> {
    checkNoMore("connect()", arguments, 0);
    await (await this.#client.get()).open();
  }

  /** Appends a slot to a thread. Resolves with the slot's index. */
  async bufferAppend(threadId: string, slotData: Uint8Array): Promise<number> {
    checkNoMore("bufferAppend()", arguments, 2);
    checkStateName("threadId", threadId);
    checkSlot(slotData);
    // The program may change or transfer the bytes after the call, which may be repeated.
    const slot = slotData.slice();
    return await (await this.#client.get()).append(threadId, slot);
  }

  /** All slots of a thread in their order. */
  async bufferGetThread(threadId: string): Promise<Uint8Array[]> {
    checkNoMore("bufferGetThread()", arguments, 1);
    checkStateName("threadId", threadId);
    return await (await this.#client.get()).slots(threadId);
  }

  /** One slot. Undefined if the thread has no slot with that index. */
  async bufferGetSlot(threadId: string, index: number): Promise<Uint8Array | undefined> {
    checkNoMore("bufferGetSlot()", arguments, 2);
    checkStateName("threadId", threadId);
    checkIndex(index);
    return await (await this.#client.get()).slot(threadId, index);
  }

  /** Number of slots of a thread. */
  async bufferThreadLen(threadId: string): Promise<number> {
    checkNoMore("bufferThreadLen()", arguments, 1);
    checkStateName("threadId", threadId);
    return await (await this.#client.get()).threadLength(threadId);
  }

  /** True if the thread has slots. */
  async bufferThreadExists(threadId: string): Promise<boolean> {
    checkNoMore("bufferThreadExists()", arguments, 1);
    return await this.bufferThreadLen(threadId) > 0;
  }

  /** Deletes a thread. False if there was none. */
  async bufferDeleteThread(threadId: string): Promise<boolean> {
    checkNoMore("bufferDeleteThread()", arguments, 1);
    checkStateName("threadId", threadId);
    return await (await this.#client.get()).deleteThread(threadId);
  }

  /** Ids of all threads. */
  async bufferListThreads(): Promise<string[]> {
    checkNoMore("bufferListThreads()", arguments, 0);
    return await (await this.#client.get()).threadIds();
  }

  /** Deletes all threads. */
  async bufferClear(): Promise<void> {
    checkNoMore("bufferClear()", arguments, 0);
    await (await this.#client.get()).clearThreads();
  }

  /** Maps a chain and a uuid to each other. */
  async registrySet(chain: string, uuid: string): Promise<void> {
    checkNoMore("registrySet()", arguments, 2);
    checkStateName("chain", chain);
    checkStateName("uuid", uuid);
    await (await this.#client.get()).setPair(chain, uuid);
  }

  /** The uuid of a chain. */
  async registryGetUuid(chain: string): Promise<string | undefined> {
    checkNoMore("registryGetUuid()", arguments, 1);
    checkStateName("chain", chain);
    return await (await this.#client.get()).uuidOf(chain);
  }

  /** The chain of a uuid. */
  async registryGetChain(uuid: string): Promise<string | undefined> {
    checkNoMore("registryGetChain()", arguments, 1);
    checkStateName("uuid", uuid);
    return await (await this.#client.get()).chainOf(uuid);
  }

  /** Deletes the pair of a uuid. False if there was none. */
  async registryDelete(uuid: string): Promise<boolean> {
    checkNoMore("registryDelete()", arguments, 1);
    checkStateName("uuid", uuid);
    return await (await this.#client.get()).deletePair(uuid);
  }

  /** All pairs, as an object from uuids to chains. */
  async registryListAll(): Promise<Record<string, string>> {
    checkNoMore("registryListAll()", arguments, 0);
    return await (await this.#client.get()).pairs();
  }

  /** Deletes all pairs. */
  async registryClear(): Promise<void> {
    checkNoMore("registryClear()", arguments, 0);
    await (await this.#client.get()).clearPairs();
  }

  /**
   * Checks that the server can be reached. Fulfilled with true.
   *
   * @throws {SharedBackendConnectionError} if it cannot
   */
  async ping(): Promise<true> {
    checkNoMore("ping()", arguments, 0);
    await (await this.#client.get()).ping();
    return true;
  }

  /** Where the state is, how much it holds, and its limits. */
  async info(): Promise<SharedBackendInfo> {
    checkNoMore("info()", arguments, 0);
    return infoOf(this.#place, await (await this.#client.get()).counts());
  }

  /** Waits for pending calls, and disconnects. Closing twice does nothing. */
  close(): Promise<void> {
    return endingTurn(this.#client.close());
  }

  /** Closes the backend at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
