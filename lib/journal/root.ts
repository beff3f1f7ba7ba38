/**
 * The root of a journal: a segment like that of any channel. Its shares show which members are attached,
 * its waiters are the members to wake, and one of its words names the newest generation.
 *
 * @module
 */

import { ShmConnectionError } from "../base/errors.ts";
import type { Waiter } from "../base/shared_memory.ts";
import { Attachment } from "../channel/attachment.ts";
import { MIN_CAPACITY_BYTES } from "../channel/channel_options.ts";
import { creatorText, removalCall } from "../channel/open.ts";
import { rawCodec } from "../codecs/raw.ts";
import { isOutOfSpace } from "../platform/out_of_space.ts";
import { MemorySource } from "../segment/byte_source.ts";
import { openError } from "../segment/file_memory.ts";
import { readConfig } from "../segment/format.ts";
import * as layout from "../segment/journal_layout.ts";
import { MAX_PARTICIPANTS, WAIT_DOORBELL, WAITERS_RECEIVERS } from "../../wasm/layout.ts";
import { isOfOtherBoot, type JournalClock, sharedClock } from "./clock.ts";

/** Where the root is, and whether it stays. */
export interface RootOptions {
  /** Directory of the segments. Default: `RINGBUS_DIR`, or the user's own. */
  dir?: string | undefined;
  /** Keeps the journal when its last member closes. One member that sets it is enough. */
  persist?: boolean | undefined;
}

/** One member's attachment to the root. */
export class JournalRoot {
  readonly #name: string;
  readonly #attachment: Attachment;

  /**
   * Attaches to the root, or creates it.
   *
   * @throws {ShmConnectionError} if storage is exhausted, the directory cannot be used, or the name is
   * that of another channel
   */
  constructor(name: string, format: string, options: RootOptions) {
    this.#name = name;
    this.#attachment = attach(name, format, options);
  }

  /** The identity of the journal, which its first member chooses. */
  identify(): bigint {
    const { buffer } = this.#attachment.words;
    const words = new BigInt64Array(buffer, layout.ROOT_IDENTITY, 1);
    const chosen = new BigInt64Array(1);
    do crypto.getRandomValues(chosen); while (chosen[0] === 0n);
    return Atomics.compareExchange(words, 0, 0n, chosen[0]) || chosen[0];
  }

  /** Id of the newest generation; 0 if there is none. */
  get newestId(): number {
    return Atomics.load(this.#attachment.words, layout.ROOT_NEWEST >>> 2) >>> 0;
  }

  /** An id that no generation has had. */
  newId(): number {
    return Atomics.add(this.#attachment.words, layout.ROOT_LAST_ID >>> 2, 1) + 1 >>> 0;
  }

  /** Writes the newest generation's id into the root; false if another member was faster. */
  replaceNewest(id: number, successor: number): boolean {
    const { words } = this.#attachment;
    const found = Atomics.compareExchange(words, layout.ROOT_NEWEST >>> 2, id, successor | 0);
    return found === (id | 0);
  }

  /** Index of this member among all. */
  get index(): number {
    return this.#attachment.index;
  }

  /** Id of this isolate among all members. */
  get isolate(): bigint {
    return this.#attachment.sharedMemory.isolate;
  }

  /** False once the isolate of a member is known to have ended, or its entry was freed. */
  isAlive(isolate: bigint): boolean {
    const { sharedMemory } = this.#attachment;
    return this.#attachment.hasParticipant(isolate) && sharedMemory.isAlive(isolate);
  }

  /** True once an isolate is known to have ended. */
  hasEnded(isolate: bigint): boolean {
    return !this.#attachment.sharedMemory.isAlive(isolate);
  }

  /** Removes the members that are not alive, and what they have left in the directory. */
  reclaimDead(): void {
    this.#attachment.reclaimDead();
  }

  /** Who created the journal, and when. */
  get creator(): string {
    return creatorText(this.#attachment.sharedMemory, this.#attachment.capacity);
  }

  /** The call that deletes the journal when no process uses it. */
  get removalCall(): string {
    const { wasmMemory, mappedBytes } = this.#attachment.sharedMemory;
    return removalCall(readConfig(new MemorySource(wasmMemory, mappedBytes), this.#name), false);
  }

  /** True if the machine was started since a member last used the journal. */
  get isOfOtherBoot(): boolean {
    return isOfOtherBoot(this.#attachment.words);
  }

  /** The clock that all members share. */
  openClock(lastMs: number): JournalClock {
    try {
      return sharedClock(this.#attachment.words, lastMs);
    } catch (error) {
      throw openError(error, "the clock of its boot", this.#name);
    }
  }

  /** Calls `poll` of a waiter when another member wakes this one. */
  addWaiter(waiter: Waiter): void {
    this.#attachment.sharedMemory.addWaiter(waiter);
  }

  /** Ends what `addWaiter` began. */
  removeWaiter(waiter: Waiter): void {
    this.#attachment.sharedMemory.removeWaiter(waiter);
    this.#attachment.ring.cancelWait(this.#attachment.index, WAITERS_RECEIVERS);
  }

  /** Asks the other members for the next wake-up. */
  announceWait(): void {
    const { ring, index } = this.#attachment;
    ring.announceWait(index, WAITERS_RECEIVERS, WAIT_DOORBELL);
  }

  /** Wakes the members that wait. */
  wakeOthers(): void {
    const { ring, index } = this.#attachment;
    let wasWaiting = false;
    for (let count = 0; count < MAX_PARTICIPANTS; count++) {
      const waiter = ring.popWaiter(WAITERS_RECEIVERS);
      if (waiter < 0) break;
      if (waiter === index) wasWaiting = true;
      else this.#attachment.signal(waiter);
    }
    if (wasWaiting) this.announceWait();
  }

  /** @throws {ShmClosedError | ShmConnectionError} if the segment cannot be used any more */
  checkOpen(): void {
    if (!this.#attachment.isUsable) this.#attachment.checkOpen();
  }

  /** Detaches. Returns true if that has deleted the root. */
  close(mayDelete: boolean | (() => boolean)): boolean {
    return this.#attachment.close(mayDelete);
  }
}

function attach(name: string, format: string, { dir, persist }: RootOptions): Attachment {
  const options = {
    ...dir === undefined ? {} : { dir },
    ...persist === undefined ? {} : { persist },
    capacityBytes: MIN_CAPACITY_BYTES,
    codec: { ...rawCodec, id: format },
  };
  try {
    return new Attachment(name, "journal", "member", options);
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
    throw new ShmConnectionError(
      `cannot create journal "${name}": there is no space for it; free space in the segment ` +
        `directory, or name another directory with the dir option`,
      { cause: error.cause },
    );
  }
}
