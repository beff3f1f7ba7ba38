/**
 * The base of backends with synchronous calls: the checks, and the asynchronous form of each call.
 *
 * @module
 */

import { endingTurn, inTurn } from "../../lib/base/turn.ts";
import { checkNoMore } from "../../lib/base/checks.ts";
import { closedError } from "./errors.ts";
import { infoOf, type SharedBackendInfo, type StatePlace } from "./info.ts";
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
   * Where the state is, and its limits.
   * @internal
   */
  protected abstract place(): StatePlace;
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

  /**
   * Makes a call of the asynchronous form, in which the event loop has its turns.
   * @internal
   */
  protected inTurn<T>(call: () => T): Promise<T> {
    return inTurn(call);
  }

  /** Calls the synchronous form of a method, and settles with what it returns or throws. */
  #settle<T>(method: string, args: IArguments, count: number, call: () => T): Promise<T> {
    return this.inTurn(() => {
      checkNoMore(method, args, count);
      return call();
    });
  }

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
    checkNoMore("bufferAppendSync()", arguments, 2);
    checkStateName("threadId", threadId);
    checkSlot(slotData);
    return this.#write({ kind: "append", threadId, slot: slotData });
  }

  /** As `bufferGetThread`, synchronously. */
  bufferGetThreadSync(threadId: string): Uint8Array[] {
    checkNoMore("bufferGetThreadSync()", arguments, 1);
    checkStateName("threadId", threadId);
    return this.#read().slots(threadId);
  }

  /** As `bufferGetSlot`, synchronously. */
  bufferGetSlotSync(threadId: string, index: number): Uint8Array | undefined {
    checkNoMore("bufferGetSlotSync()", arguments, 2);
    checkStateName("threadId", threadId);
    checkIndex(index);
    return this.#read().slot(threadId, index);
  }

  /** As `bufferThreadLen`, synchronously. */
  bufferThreadLenSync(threadId: string): number {
    checkNoMore("bufferThreadLenSync()", arguments, 1);
    checkStateName("threadId", threadId);
    return this.#read().threadLength(threadId);
  }

  /** As `bufferThreadExists`, synchronously. */
  bufferThreadExistsSync(threadId: string): boolean {
    checkNoMore("bufferThreadExistsSync()", arguments, 1);
    return this.bufferThreadLenSync(threadId) > 0;
  }

  /** As `bufferDeleteThread`, synchronously. */
  bufferDeleteThreadSync(threadId: string): boolean {
    checkNoMore("bufferDeleteThreadSync()", arguments, 1);
    checkStateName("threadId", threadId);
    return this.#write({ kind: "deleteThread", threadId });
  }

  /** As `bufferListThreads`, synchronously. */
  bufferListThreadsSync(): string[] {
    checkNoMore("bufferListThreadsSync()", arguments, 0);
    return this.#read().threadIds();
  }

  /** As `bufferClear`, synchronously. */
  bufferClearSync(): void {
    checkNoMore("bufferClearSync()", arguments, 0);
    this.#write({ kind: "clearThreads" });
  }

  /** As `registrySet`, synchronously. */
  registrySetSync(chain: string, uuid: string): void {
    checkNoMore("registrySetSync()", arguments, 2);
    checkStateName("chain", chain);
    checkStateName("uuid", uuid);
    this.#write({ kind: "setPair", chain, uuid });
  }

  /** As `registryGetUuid`, synchronously. */
  registryGetUuidSync(chain: string): string | undefined {
    checkNoMore("registryGetUuidSync()", arguments, 1);
    checkStateName("chain", chain);
    return this.#read().uuidOf(chain);
  }

  /** As `registryGetChain`, synchronously. */
  registryGetChainSync(uuid: string): string | undefined {
    checkNoMore("registryGetChainSync()", arguments, 1);
    checkStateName("uuid", uuid);
    return this.#read().chainOf(uuid);
  }

  /** As `registryDelete`, synchronously. */
  registryDeleteSync(uuid: string): boolean {
    checkNoMore("registryDeleteSync()", arguments, 1);
    checkStateName("uuid", uuid);
    return this.#write({ kind: "deletePair", uuid });
  }

  /** As `registryListAll`, synchronously. */
  registryListAllSync(): Record<string, string> {
    checkNoMore("registryListAllSync()", arguments, 0);
    return this.#read().pairs();
  }

  /** As `registryClear`, synchronously. */
  registryClearSync(): void {
    checkNoMore("registryClearSync()", arguments, 0);
    this.#write({ kind: "clearPairs" });
  }

  /** As `ping`, synchronously. */
  pingSync(): true {
    checkNoMore("pingSync()", arguments, 0);
    this.#read();
    return true;
  }

  /** As `info`, synchronously. */
  infoSync(): SharedBackendInfo {
    checkNoMore("infoSync()", arguments, 0);
    const counts = this.#read().unexpiredCounts();
    return infoOf(this.place(), counts);
  }

  /** As `close`, synchronously. */
  closeSync(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.release();
  }

  /** Appends a slot to a thread. Resolves with the slot's index. */
  bufferAppend(threadId: string, slotData: Uint8Array): Promise<number> {
    return this.#settle(
      "bufferAppend()",
      arguments,
      2,
      () => this.bufferAppendSync(threadId, slotData),
    );
  }

  /** All slots of a thread in their order. */
  bufferGetThread(threadId: string): Promise<Uint8Array[]> {
    return this.#settle(
      "bufferGetThread()",
      arguments,
      1,
      () => this.bufferGetThreadSync(threadId),
    );
  }

  /** One slot. Undefined if the thread has no slot with that index. */
  bufferGetSlot(threadId: string, index: number): Promise<Uint8Array | undefined> {
    return this.#settle(
      "bufferGetSlot()",
      arguments,
      2,
      () => this.bufferGetSlotSync(threadId, index),
    );
  }

  /** Number of slots of a thread. */
  bufferThreadLen(threadId: string): Promise<number> {
    return this.#settle(
      "bufferThreadLen()",
      arguments,
      1,
      () => this.bufferThreadLenSync(threadId),
    );
  }

  /** True if the thread has slots. */
  bufferThreadExists(threadId: string): Promise<boolean> {
    return this.#settle(
      "bufferThreadExists()",
      arguments,
      1,
      () => this.bufferThreadExistsSync(threadId),
    );
  }

  /** Deletes a thread. False if there was none. */
  bufferDeleteThread(threadId: string): Promise<boolean> {
    return this.#settle(
      "bufferDeleteThread()",
      arguments,
      1,
      () => this.bufferDeleteThreadSync(threadId),
    );
  }

  /** Ids of all threads. */
  bufferListThreads(): Promise<string[]> {
    return this.#settle("bufferListThreads()", arguments, 0, () => this.bufferListThreadsSync());
  }

  /** Deletes all threads. */
  bufferClear(): Promise<void> {
    return this.#settle("bufferClear()", arguments, 0, () => this.bufferClearSync());
  }

  /** Maps a chain and a uuid to each other. */
  registrySet(chain: string, uuid: string): Promise<void> {
    return this.#settle("registrySet()", arguments, 2, () => this.registrySetSync(chain, uuid));
  }

  /** The uuid of a chain. */
  registryGetUuid(chain: string): Promise<string | undefined> {
    return this.#settle("registryGetUuid()", arguments, 1, () => this.registryGetUuidSync(chain));
  }

  /** The chain of a uuid. */
  registryGetChain(uuid: string): Promise<string | undefined> {
    return this.#settle("registryGetChain()", arguments, 1, () => this.registryGetChainSync(uuid));
  }

  /** Deletes the pair of a uuid. False if there was none. */
  registryDelete(uuid: string): Promise<boolean> {
    return this.#settle("registryDelete()", arguments, 1, () => this.registryDeleteSync(uuid));
  }

  /** All pairs, as an object from uuids to chains. */
  registryListAll(): Promise<Record<string, string>> {
    return this.#settle("registryListAll()", arguments, 0, () => this.registryListAllSync());
  }

  /** Deletes all pairs. */
  registryClear(): Promise<void> {
    return this.#settle("registryClear()", arguments, 0, () => this.registryClearSync());
  }

  /** Checks that the state can be reached. Fulfilled with true. */
  ping(): Promise<true> {
    return this.#settle("ping()", arguments, 0, () => this.pingSync());
  }

  /** Where the state is, how much it holds, and its limits. */
  info(): Promise<SharedBackendInfo> {
    return this.#settle("info()", arguments, 0, () => this.infoSync());
  }

  /** Closes the backend. */
  close(): Promise<void> {
    return endingTurn(inTurn(() => this.closeSync()));
  }

  /** Closes the backend at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
