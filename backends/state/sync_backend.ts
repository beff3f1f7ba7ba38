/**
 * The base of backends with synchronous calls: the checks, and the asynchronous form of each call.
 *
 * @module
 */

import { closedError } from "./errors.ts";
import { checkIndex, checkSlot, checkStateName } from "./validate.ts";
import type { StateTable, StateWrite, WriteResult } from "./table.ts";
import type { SyncSharedBackend } from "./types.ts";

/** A backend with a table in this process. */
export abstract class SyncBackend implements SyncSharedBackend {
  #isClosed = false;

  /**
   * The current state.
   * @internal
   */
  protected abstract current(): StateTable;
  /**
   * Changes the state.
   * @internal
   */
  protected abstract write<W extends StateWrite>(write: W): WriteResult<W>;
  /**
   * Releases the resources of the backend.
   * @internal
   */
  protected abstract release(): void;

  #checkOpen(): void {
    if (this.#isClosed) throw closedError(this.constructor.name);
  }

  #read(): StateTable {
    this.#checkOpen();
    return this.current();
  }

  #write<W extends StateWrite>(write: W): WriteResult<W> {
    this.#checkOpen();
    return this.write(write);
  }

  /** As `bufferAppend`, synchronously. */
  bufferAppendSync(threadId: string, slotData: Uint8Array): number {
    checkStateName("threadId", threadId);
    checkSlot(slotData);
    return this.#write({ kind: "append", threadId, slot: slotData });
  }

  /** As `bufferGetThread`, synchronously. */
  bufferGetThreadSync(threadId: string): Uint8Array[] {
    checkStateName("threadId", threadId);
    return this.#read().slots(threadId);
  }

  /** As `bufferGetSlot`, synchronously. */
  bufferGetSlotSync(threadId: string, index: number): Uint8Array | undefined {
    checkStateName("threadId", threadId);
    checkIndex(index);
    return this.#read().slot(threadId, index);
  }

  /** As `bufferThreadLen`, synchronously. */
  bufferThreadLenSync(threadId: string): number {
    checkStateName("threadId", threadId);
    return this.#read().threadLength(threadId);
  }

  /** As `bufferThreadExists`, synchronously. */
  bufferThreadExistsSync(threadId: string): boolean {
    return this.bufferThreadLenSync(threadId) > 0;
  }

  /** As `bufferDeleteThread`, synchronously. */
  bufferDeleteThreadSync(threadId: string): boolean {
    checkStateName("threadId", threadId);
    return this.#write({ kind: "deleteThread", threadId });
  }

  /** As `bufferListThreads`, synchronously. */
  bufferListThreadsSync(): string[] {
    return this.#read().threadIds();
  }

  /** As `bufferClear`, synchronously. */
  bufferClearSync(): void {
    this.#write({ kind: "clearThreads" });
  }

  /** As `registrySet`, synchronously. */
  registrySetSync(chain: string, uuid: string): void {
    checkStateName("chain", chain);
    checkStateName("uuid", uuid);
    this.#write({ kind: "setPair", chain, uuid });
  }

  /** As `registryGetUuid`, synchronously. */
  registryGetUuidSync(chain: string): string | undefined {
    checkStateName("chain", chain);
    return this.#read().uuidOf(chain);
  }

  /** As `registryGetChain`, synchronously. */
  registryGetChainSync(uuid: string): string | undefined {
    checkStateName("uuid", uuid);
    return this.#read().chainOf(uuid);
  }

  /** As `registryDelete`, synchronously. */
  registryDeleteSync(uuid: string): boolean {
    checkStateName("uuid", uuid);
    return this.#write({ kind: "deletePair", uuid });
  }

  /** As `registryListAll`, synchronously. */
  registryListAllSync(): Record<string, string> {
    return this.#read().pairs();
  }

  /** As `registryClear`, synchronously. */
  registryClearSync(): void {
    this.#write({ kind: "clearPairs" });
  }

  /** As `close`, synchronously. */
  closeSync(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.release();
  }

  /** Appends a slot to a thread. Resolves with the slot's index. */
  bufferAppend(threadId: string, slotData: Uint8Array): Promise<number> {
    return settle(() => this.bufferAppendSync(threadId, slotData));
  }

  /** All slots of a thread in their order. */
  bufferGetThread(threadId: string): Promise<Uint8Array[]> {
    return settle(() => this.bufferGetThreadSync(threadId));
  }

  /** One slot. Undefined if the thread has no slot with that index. */
  bufferGetSlot(threadId: string, index: number): Promise<Uint8Array | undefined> {
    return settle(() => this.bufferGetSlotSync(threadId, index));
  }

  /** Number of slots of a thread. */
  bufferThreadLen(threadId: string): Promise<number> {
    return settle(() => this.bufferThreadLenSync(threadId));
  }

  /** True if the thread has slots. */
  bufferThreadExists(threadId: string): Promise<boolean> {
    return settle(() => this.bufferThreadExistsSync(threadId));
  }

  /** Deletes a thread. False if there was none. */
  bufferDeleteThread(threadId: string): Promise<boolean> {
    return settle(() => this.bufferDeleteThreadSync(threadId));
  }

  /** Ids of all threads. */
  bufferListThreads(): Promise<string[]> {
    return settle(() => this.bufferListThreadsSync());
  }

  /** Deletes all threads. */
  bufferClear(): Promise<void> {
    return settle(() => this.bufferClearSync());
  }

  /** Maps a chain and a uuid to each other. */
  registrySet(chain: string, uuid: string): Promise<void> {
    return settle(() => this.registrySetSync(chain, uuid));
  }

  /** The uuid of a chain. */
  registryGetUuid(chain: string): Promise<string | undefined> {
    return settle(() => this.registryGetUuidSync(chain));
  }

  /** The chain of a uuid. */
  registryGetChain(uuid: string): Promise<string | undefined> {
    return settle(() => this.registryGetChainSync(uuid));
  }

  /** Deletes the pair of a uuid. False if there was none. */
  registryDelete(uuid: string): Promise<boolean> {
    return settle(() => this.registryDeleteSync(uuid));
  }

  /** All pairs, as an object from uuids to chains. */
  registryListAll(): Promise<Record<string, string>> {
    return settle(() => this.registryListAllSync());
  }

  /** Deletes all pairs. */
  registryClear(): Promise<void> {
    return settle(() => this.registryClearSync());
  }

  /** Closes the backend. */
  close(): Promise<void> {
    return settle(() => this.closeSync());
  }

  /** Closes the backend at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function settle<T>(call: () => T): Promise<T> {
  return new Promise((resolve) => resolve(call()));
}
