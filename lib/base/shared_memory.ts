/**
 * What lies under a channel: memory that several workers or processes share, a way to sleep and to
 * wake, and word of who is alive. The local carrier shares memory between the workers of one
 * process, the segment carrier maps a file.
 *
 * @module
 */

/** A channel's memory and how its users sleep. One carrier serves one socket. */
export interface SharedMemory {
  /** Channel name as it stands in messages and errors. */
  readonly name: string;
  readonly wasmMemory: WebAssembly.Memory;
  /** Bytes from the start of the memory that may be touched. */
  readonly mappedBytes: number;
  /** Identity of this isolate among all that share the channel. */
  readonly isolate: bigint;

  /** Bytes from the start of the segment that somebody has surely reserved already. */
  reservedBytes(): number;
  /** Makes bytes `[0, end)` touchable, reserving storage for the last `bytes` of them. */
  extend(end: number, bytes: number): void;
  /** Makes touchable what others have added. */
  remap(): void;
  /** False once an isolate is known to have ended. */
  isAlive(isolate: bigint): boolean;
  /** Removes what an isolate that has ended left in the directory. */
  removeDeadIsolate(isolate: bigint): void;

  /** Sleeps while the word at `byteOffset` is `value`. May return early. */
  waitWord(byteOffset: number, value: number, timeoutMs: number): void;
  /** Wakes whoever sleeps synchronously on a word. */
  wakeWord(byteOffset: number, isolate: bigint): void;
  /** Wakes whoever waits in an event loop. */
  ringDoorbell(byteOffset: number, isolate: bigint): void;
  /** Calls `onWake` when somebody rings for the word at `byteOffset`, which was `value`. */
  waitWordAsync(byteOffset: number, value: number, onWake: () => void): void;
  /** Counts sockets that wait in this event loop, which keeps it alive. */
  addWaiter(waiter: Waiter): void;
  removeWaiter(waiter: Waiter): void;

  /** Leaves the channel; `isDisposable` says whether nothing in it would be missed, left out: it stays. */
  close(isDisposable?: () => boolean): void;
}

/** Somebody who waits in the event loop. */
export interface Waiter {
  /** Looks again, because somebody rang or, at a recheck, because time has passed. */
  poll(isRecheck?: boolean): void;
}
