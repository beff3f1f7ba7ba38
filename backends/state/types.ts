/**
 * Shared state for agents: what every backend offers.
 *
 * @module
 */

/**
 * Context buffers and a thread registry that several parts of a program, or several programs, share.
 *
 * A context buffer is a list of slots, which are bytes, under a thread id. The registry maps chains
 * of callers, such as `"console.router.greeter"`, to uuids and back: each chain has one uuid, each
 * uuid one chain.
 *
 * Thread ids, chains and uuids have 1 to 1,024 characters without control characters; every method
 * throws `TypeError` for others, and `SharedBackendClosedError` after `close`.
 */
export interface SharedBackend extends AsyncDisposable {
  /**
   * Appends a slot to a thread, which begins with its first slot.
   *
   * @returns the slot's index, from 0 on
   * @throws {SharedBackendLimitError} if the thread, or the number of threads, is at its limit
   */
  bufferAppend(threadId: string, slotData: Uint8Array): Promise<number>;
  /** All slots of a thread in their order; none for a thread that does not exist. */
  bufferGetThread(threadId: string): Promise<Uint8Array[]>;
  /** One slot; undefined if there is none with that index. */
  bufferGetSlot(threadId: string, index: number): Promise<Uint8Array | undefined>;
  /** Number of slots of a thread. */
  bufferThreadLen(threadId: string): Promise<number>;
  /** True if the thread has slots. */
  bufferThreadExists(threadId: string): Promise<boolean>;
  /** Deletes a thread with all its slots; false if there was none. */
  bufferDeleteThread(threadId: string): Promise<boolean>;
  /** Ids of all threads, in no particular order. */
  bufferListThreads(): Promise<string[]>;
  /** Deletes all threads. */
  bufferClear(): Promise<void>;

  /** Maps a chain and a uuid to each other. Pairs that either of them was in are gone. */
  registrySet(chain: string, uuid: string): Promise<void>;
  /** The uuid of a chain. */
  registryGetUuid(chain: string): Promise<string | undefined>;
  /** The chain of a uuid. */
  registryGetChain(uuid: string): Promise<string | undefined>;
  /** Deletes the pair of a uuid; false if there was none. */
  registryDelete(uuid: string): Promise<boolean>;
  /** All pairs, as an object from uuids to chains. */
  registryListAll(): Promise<Record<string, string>>;
  /** Deletes all pairs. */
  registryClear(): Promise<void>;

  /** Lets go of connections and memory. State that others share stays. Closing twice does nothing. */
  close(): Promise<void>;
}

/** A backend whose calls need not wait for anybody: each also comes as a call that returns at once. */
export interface SyncSharedBackend extends SharedBackend {
  /** As `bufferAppend`, at once. */
  bufferAppendSync(threadId: string, slotData: Uint8Array): number;
  /** As `bufferGetThread`, at once. */
  bufferGetThreadSync(threadId: string): Uint8Array[];
  /** As `bufferGetSlot`, at once. */
  bufferGetSlotSync(threadId: string, index: number): Uint8Array | undefined;
  /** As `bufferThreadLen`, at once. */
  bufferThreadLenSync(threadId: string): number;
  /** As `bufferThreadExists`, at once. */
  bufferThreadExistsSync(threadId: string): boolean;
  /** As `bufferDeleteThread`, at once. */
  bufferDeleteThreadSync(threadId: string): boolean;
  /** As `bufferListThreads`, at once. */
  bufferListThreadsSync(): string[];
  /** As `bufferClear`, at once. */
  bufferClearSync(): void;
  /** As `registrySet`, at once. */
  registrySetSync(chain: string, uuid: string): void;
  /** As `registryGetUuid`, at once. */
  registryGetUuidSync(chain: string): string | undefined;
  /** As `registryGetChain`, at once. */
  registryGetChainSync(uuid: string): string | undefined;
  /** As `registryDelete`, at once. */
  registryDeleteSync(uuid: string): boolean;
  /** As `registryListAll`, at once. */
  registryListAllSync(): Record<string, string>;
  /** As `registryClear`, at once. */
  registryClearSync(): void;
  /** As `close`, at once. */
  closeSync(): void;
}
