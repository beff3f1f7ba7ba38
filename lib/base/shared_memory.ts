/**
 * The memory under a channel, which workers or processes share, with a way to sleep and to wake, and a
 * query for live isolates. `WorkerMemory` is shared by the workers of one process, `FileMemory` maps a
 * file.
 *
 * @module
 */

/** A channel's memory, and how its sockets sleep. Each socket has an instance of its own. */
export interface SharedMemory {
  /** Channel name, for log messages and errors. */
  readonly name: string;
  readonly wasmMemory: WebAssembly.Memory;
  /** Bytes from the start of the memory that may be accessed. */
  readonly mappedBytes: number;
  /** Id of this isolate among all that share the channel. */
  readonly isolate: bigint;

  /** Lower bound of the bytes from the start of the segment that are reserved already. */
  reservedBytes(): number;
  /** Maps bytes `[0, end)`, and reserves storage for the last `bytes` of them. */
  extend(end: number, bytes: number): void;
  /** Maps what other processes have added. */
  remap(): void;
  /** Copies many bytes from or to this memory; the target is as long. */
  copy(target: Uint8Array, source: Uint8Array): void;
  /** False once an isolate is known to have ended. */
  isAlive(isolate: bigint): boolean;
  /** Removes what an isolate that has ended left in the directory. */
  removeDeadIsolate(isolate: bigint): void;

  /** Sleeps while the word at `byteOffset` is `value`. May return early. */
  waitWord(byteOffset: number, value: number, timeoutMs: number): void;
  /** Wakes the isolate that sleeps synchronously on a word. */
  wakeWord(byteOffset: number, isolate: bigint): void;
  /** Wakes an isolate that waits in its event loop, or for its bell, of which the waiter has told the number. */
  ringDoorbell(byteOffset: number, isolate: bigint, bell: number): void;
  /** Calls `onWake` when the word at `byteOffset`, which was `value`, is rung for. */
  waitWordAsync(byteOffset: number, value: number, onWake: () => void): void;
  /** Registers a socket that waits in this event loop, and keeps the loop alive. */
  addWaiter(waiter: Waiter): void;
  removeWaiter(waiter: Waiter): void;

  /** Tells those who watch the channel's directory that a participant is there. */
  announce(): void;

  /** What wakes a thread of this isolate that waits for several channels. Channels share it. */
  readonly bell: Bell;

  /** False if the channel's name no longer names this memory: others that open it get another one. */
  hasName(): boolean;
  /** Sets what is called when a check at intervals finds that the name no longer names this memory. */
  onNameLost(listener: () => void): void;

  /** True while other sockets are attached. */
  isShared(): boolean;

  /**
   * Leaves the channel. With `mayDelete`, the last to leave deletes it if it is known to be empty; if it is a
   * function, that is called when no other socket is attached.
   * Returns true if it is deleted.
   */
  close(mayDelete?: boolean | (() => boolean)): boolean;
}

/** A socket that waits in the event loop. */
export interface Waiter {
  /** Checks again, because the doorbell rang or, at a recheck, because time has passed. */
  poll(isRecheck?: boolean): void;
}

/** One thing to wait for in place of many channels. */
export interface Bell {
  /** Sockets that are to be woken by it announce their wait with this number. */
  readonly number: number;
  /** The descriptor that has something to read once it rings; undefined if `sleep` waits for it. */
  readonly fifo: number | undefined;
  /** Differs after each ring, where `sleep` waits for it. */
  rings(): number;
  /** Sleeps while `rings()` is `value`. May return early. */
  sleep(value: number, timeoutMs: number): void;
  /** Forgets what has rung its FIFO; true if something has. */
  silence(): boolean;
  /** Registers what waits for it in the event loop, and keeps the loop alive. */
  addWaiter(waiter: Waiter): void;
  removeWaiter(waiter: Waiter): void;
}
