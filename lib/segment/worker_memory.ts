/**
 * A channel's memory between the workers of one process. It is shared by `postMessage`, without a file,
 * a server or a permission.
 *
 * @module
 */

import { WASM_PAGE_BYTES } from "../base/pages.ts";
import type { Bell, SharedMemory, Waiter } from "../base/shared_memory.ts";
import { growMemory } from "./grow.ts";
import { adoptWord, wordOfRecipient } from "../presence/termination.ts";
import { bellWords, localBell, ringLocalBell, Waiters } from "../presence/waiters.ts";

/** A local channel, as `postMessage` carries it to a worker; pass it to a socket in place of a name. */
export interface LocalHandle {
  /** Marks handles among other objects. */
  readonly ringbus: "local";
  /** Name in log messages and errors. */
  readonly name: string;
  /** The shared memory. */
  readonly memory: WebAssembly.Memory;
  /**
   * Says to the worker that the handle was posted to that it was terminated.
   * @internal
   */
  readonly terminated?: Int32Array | undefined;
  /**
   * What wakes those who wait for several channels.
   * @internal
   */
  readonly bells?: Int32Array | undefined;
}

/** A new handle. Each worker that it is posted to gets a word of its own. */
export function newLocalHandle(name: string, memory: WebAssembly.Memory): LocalHandle {
  return {
    ringbus: "local",
    name,
    memory,
    bells: bellWords(),
    get terminated() {
      return wordOfRecipient();
    },
  };
}

/** True for a handle of `LocalChannel`. */
export function isLocalHandle(value: unknown): value is LocalHandle {
  return typeof value === "object" && value !== null &&
    (value as LocalHandle).ringbus === "local" &&
    (value as LocalHandle).memory instanceof WebAssembly.Memory;
}

/** One isolate's view of a local channel. */
export class WorkerMemory implements SharedMemory {
  readonly name: string;
  readonly wasmMemory: WebAssembly.Memory;
  readonly isolate: bigint = localIsolate;
  #words: Int32Array;
  #mapped: number;
  readonly #waiters = new Waiters();
  readonly #bells: Int32Array | undefined;
  readonly bell: Bell;

  constructor(handle: LocalHandle) {
    adoptWord(handle.terminated);
    this.#bells = handle.bells;
    this.bell = localBell(handle.bells);
    this.name = handle.name;
    this.wasmMemory = handle.memory;
    this.#words = new Int32Array(handle.memory.buffer);
    this.#mapped = mappableBytes(handle.memory);
  }

  /** As of the last `remap`, like the views. */
  get mappedBytes(): number {
    return this.#mapped;
  }

  /** Two workers that grow the memory at once may make it larger than what they reserved. */
  reservedBytes(): number {
    return 0;
  }

  extend(end: number): void {
    const missing = Math.ceil((end - this.wasmMemory.buffer.byteLength) / WASM_PAGE_BYTES);
    if (missing > 0) growMemory(this.wasmMemory, missing, this.name);
    this.remap();
  }

  remap(): void {
    this.#words = new Int32Array(this.wasmMemory.buffer);
    this.#mapped = mappableBytes(this.wasmMemory);
  }

  copy(target: Uint8Array, source: Uint8Array): void {
    target.set(source);
  }

  isAlive(): boolean {
    return true;
  }

  removeDeadIsolate(): void {}

  waitWord(byteOffset: number, value: number, timeoutMs: number): void {
    Atomics.wait(this.#words, byteOffset >>> 2, value | 0, timeoutMs);
  }

  wakeWord(byteOffset: number): void {
    Atomics.notify(this.#words, byteOffset >>> 2);
  }

  ringDoorbell(byteOffset: number, _isolate: bigint, bell: number): void {
    Atomics.notify(this.#words, byteOffset >>> 2);
    if (bell !== 0) ringLocalBell(this.#bells, bell);
  }

  waitWordAsync(byteOffset: number, value: number, onWake: () => void): void {
    const wait = Atomics.waitAsync(this.#words, byteOffset >>> 2, value | 0);
    if (wait.async) wait.value.then(onWake);
    else queueMicrotask(onWake);
  }

  addWaiter(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  removeWaiter(waiter: Waiter): void {
    this.#waiters.remove(waiter);
  }

  announce(): void {}

  hasName(): boolean {
    return true;
  }

  onNameLost(): void {}

  isShared(): boolean {
    return true;
  }

  close(): boolean {
    this.#waiters.close();
    return false;
  }
}

/** Bytes of a memory that 32-bit offsets can address. */
function mappableBytes(memory: WebAssembly.Memory): number {
  return Math.min(memory.buffer.byteLength, 2 ** 32 - WASM_PAGE_BYTES);
}

const localIsolate: bigint = crypto.getRandomValues(new BigInt64Array(1))[0] | 1n;
