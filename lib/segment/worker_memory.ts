/**
 * The local carrier: a channel between the workers of one process. Its memory is shared by
 * `postMessage`; no file, no server and no permission is involved.
 *
 * @module
 */

import type { Carrier, Listener } from "./memory.ts";
import { Listeners } from "../presence/waiters.ts";

const WASM_PAGE_BYTES = 65536;

/** What `postMessage` carries to a worker; pass it to a socket in place of a name. */
export interface LocalHandle {
  /** Tells handles from other objects. */
  readonly ringbus: "local";
  /** Name in messages and errors. */
  readonly name: string;
  /** The memory that all share. */
  readonly memory: WebAssembly.Memory;
}

/** True for a handle of `LocalChannel`. */
export function isLocalHandle(value: unknown): value is LocalHandle {
  return typeof value === "object" && value !== null &&
    (value as LocalHandle).ringbus === "local" &&
    (value as LocalHandle).memory instanceof WebAssembly.Memory;
}

/** One isolate's view of a local channel. */
export class LocalCarrier implements Carrier {
  readonly name: string;
  readonly memory: WebAssembly.Memory;
  readonly agent: bigint = localAgent;
  #words: Int32Array;
  #mapped: number;
  readonly #listeners = new Listeners();

  constructor(handle: LocalHandle) {
    this.name = handle.name;
    this.memory = handle.memory;
    this.#words = new Int32Array(handle.memory.buffer);
    this.#mapped = mappable(handle.memory);
  }

  /** As of the last `remap`: views are as old. */
  get mappedBytes(): number {
    return this.#mapped;
  }

  /** Two that grow a memory at once may make it larger than what they reserved. */
  reservedBytes(): number {
    return 0;
  }

  extend(end: number): void {
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / WASM_PAGE_BYTES);
    if (missing > 0) this.memory.grow(missing);
    this.remap();
  }

  remap(): void {
    this.#words = new Int32Array(this.memory.buffer);
    this.#mapped = mappable(this.memory);
  }

  isAlive(): boolean {
    return true;
  }

  sleep(byteOffset: number, value: number, timeoutMs: number): void {
    Atomics.wait(this.#words, byteOffset >>> 2, value | 0, timeoutMs);
  }

  wakeWord(byteOffset: number): void {
    Atomics.notify(this.#words, byteOffset >>> 2);
  }

  ringDoorbell(byteOffset: number): void {
    Atomics.notify(this.#words, byteOffset >>> 2);
  }

  listen(byteOffset: number, value: number, onWake: () => void): void {
    const wait = Atomics.waitAsync(this.#words, byteOffset >>> 2, value | 0);
    if (wait.async) wait.value.then(onWake);
    else queueMicrotask(onWake);
  }

  startListening(listener: Listener): void {
    this.#listeners.add(listener);
  }

  stopListening(listener: Listener): void {
    this.#listeners.remove(listener);
  }

  close(): void {
    this.#listeners.close();
  }
}

/** Bytes of a memory that 32-bit offsets reach. */
function mappable(memory: WebAssembly.Memory): number {
  return Math.min(memory.buffer.byteLength, 2 ** 32 - WASM_PAGE_BYTES);
}

const localAgent: bigint = crypto.getRandomValues(new BigInt64Array(1))[0] | 1n;
