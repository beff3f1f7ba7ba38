/**
 * The methods of every backend of shared state.
 *
 * @module
 */

import type { SharedBackendInfo } from "./info.ts";

/**
 * Context buffers and a thread registry that several parts of a program, or several programs, share.
 *
 * A context buffer is a list of slots under a thread id. A slot is bytes. The registry maps chains of
 * callers, such as `"console.router.greeter"`, to uuids and back: each chain has one uuid, and each uuid
 * has one chain.
 *
 * Thread ids, chains and uuids have 1 to 1,024 characters without control characters. Every method
 * throws `TypeError` for others, and `SharedBackendClosedError` after `close`.
 */
export interface SharedBackend extends AsyncDisposable {
  /**
   * Appends a slot to a thread. The first slot creates the thread.
   *
   * @returns the slot's index, from 0
   * @throws {SharedBackendLimitError} if the thread, or the number of threads, is at its limit
   */
  bufferAppend(threadId: string, slotData: Uint8Array): Promise<number>;
  /** All slots of a thread in their order. Empty for a thread that does not exist. */
  bufferGetThread(threadId: string): Promise<Uint8Array[]>;
  /** One slot. Undefined if the thread has no slot with that index. */
  bufferGetSlot(threadId: string, index: number): Promise<Uint8Array | undefined>;
  /** Number of slots of a thread. */
  bufferThreadLen(threadId: string): Promise<number>;
  /** True if the thread has slots. */
  bufferThreadExists(threadId: string): Promise<boolean>;
  /** Deletes a thread with all its slots. False if there was none. */
  bufferDeleteThread(threadId: string): Promise<boolean>;
  /** Ids of all threads, in no particular order. */
  bufferListThreads(): Promise<string[]>;
  /** Deletes all threads. */
  bufferClear(): Promise<void>;

  /** Maps a chain and a uuid to each other. Removes the earlier pairs of both. */
  registrySet(chain: string, uuid: string): Promise<void>;
  /** The uuid of a chain. */
  registryGetUuid(chain: string): Promise<string | undefined>;
  /** The chain of a uuid. */
  registryGetChain(uuid: string): Promise<string | undefined>;
  /** Deletes the pair of a uuid. False if there was none. */
  registryDelete(uuid: string): Promise<boolean>;
  /** All pairs, as an object from uuids to chains. */
  registryListAll(): Promise<Record<string, string>>;
  /** Deletes all pairs. */
  registryClear(): Promise<void>;

  /**
   * Checks that the state can be reached. Fulfilled with true.
   *
   * @throws {SharedBackendConnectionError} if its server cannot be reached
   */
  ping(): Promise<true>;
  /** Where the state is, how much it holds, and its limits. Renews nothing. */
  info(): Promise<SharedBackendInfo>;
  /** Closes connections and frees memory. Other backends keep the state. Closing twice does nothing. */
  close(): Promise<void>;
}

/** A backend that does not wait for a server: each method also has a synchronous form. */
export interface SyncSharedBackend extends SharedBackend {
  /** As `bufferAppend`, synchronously. */
  bufferAppendSync(threadId: string, slotData: Uint8Array): number;
  /** As `bufferGetThread`, synchronously. */
  bufferGetThreadSync(threadId: string): Uint8Array[];
  /** As `bufferGetSlot`, synchronously. */
  bufferGetSlotSync(threadId: string, index: number): Uint8Array | undefined;
  /** As `bufferThreadLen`, synchronously. */
  bufferThreadLenSync(threadId: string): number;
  /** As `bufferThreadExists`, synchronously. */
  bufferThreadExistsSync(threadId: string): boolean;
  /** As `bufferDeleteThread`, synchronously. */
  bufferDeleteThreadSync(threadId: string): boolean;
  /** As `bufferListThreads`, synchronously. */
  bufferListThreadsSync(): string[];
  /** As `bufferClear`, synchronously. */
  bufferClearSync(): void;
  /** As `registrySet`, synchronously. */
  registrySetSync(chain: string, uuid: string): void;
  /** As `registryGetUuid`, synchronously. */
  registryGetUuidSync(chain: string): string | undefined;
  /** As `registryGetChain`, synchronously. */
  registryGetChainSync(uuid: string): string | undefined;
  /** As `registryDelete`, synchronously. */
  registryDeleteSync(uuid: string): boolean;
  /** As `registryListAll`, synchronously. */
  registryListAllSync(): Record<string, string>;
  /** As `registryClear`, synchronously. */
  registryClearSync(): void;
  /** As `ping`, synchronously. */
  pingSync(): true;
  /** As `info`, synchronously. */
  infoSync(): SharedBackendInfo;
  /** As `close`, synchronously. */
  closeSync(): void;
}
