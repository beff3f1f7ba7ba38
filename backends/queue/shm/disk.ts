/**
 * When the records of a queue are written to the disk of their directory.
 *
 * @module
 */

import type { Journal } from "../../../lib/journal/journal.ts";
import { messageOf } from "../../../lib/base/thrown.ts";
import { QueueError } from "../errors.ts";
import { logger } from "../log.ts";
import type { Fsync } from "./options.ts";

const SECOND_MS = 1000;

/** Writes the records of a journal to its disk. */
export class DiskWriter {
  readonly #journal: Journal;
  readonly #fsync: Fsync;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #isDirty = false;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(journal: Journal, fsync: Fsync) {
    this.#journal = journal;
    this.#fsync = fsync;
    if (fsync !== "everySecond") return;
    this.#timer = setInterval(() => this.#writeIfDirty(), SECOND_MS);
    Deno.unrefTimer(this.#timer);
  }

  /** A record was appended. Resolves when a call may do so that promises what the record says. */
  async appended(isPromised: boolean): Promise<void> {
    this.#isDirty = true;
    if (isPromised && this.#fsync === "always") await this.#write();
  }

  /** Calls share a write that begins after all of them. */
  #write(): Promise<void> {
    return this.#next ??= this.#writeAfterRunning();
  }

  async #writeAfterRunning(): Promise<void> {
    await this.#running.catch(() => {});
    this.#next = undefined;
    this.#isDirty = false;
    await (this.#running = this.#sync());
  }

  async #sync(): Promise<void> {
    try {
      await this.#journal.sync();
    } catch (cause) {
      this.#isDirty = true;
      throw new QueueError(
        `the records of the queue shm:${this.#journal.name} cannot be written to the disk: ` +
          `${messageOf(cause)}; the call was carried out, and is lost if the machine ends now`,
        { cause },
      );
    }
  }

  async #writeIfDirty(): Promise<void> {
    if (!this.#isDirty) return;
    try {
      await this.#write();
    } catch (error) {
      logger.error("disk_write_failed", { error });
    }
  }

  /** Writes what is not written. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#fsync !== "never") await this.#writeIfDirty();
    await this.#running.catch(() => {});
  }
}
