/**
 * Opening the notices of a directory, as the system has them.
 *
 * @module
 */

import { sleep } from "../base/sleep.ts";
import { logger } from "../base/log.ts";
import { codeOf } from "./directory.ts";
import type { DirectoryEvents, Happened } from "./directory_events.ts";
import { Inotify } from "./inotify.ts";

/**
 * Opens the notices of a directory. Without inotify, as on macOS or when a user has no instance left,
 * each wait ends soon, and nothing is complete.
 */
export function openDirectoryEvents(directory: string): DirectoryEvents {
  if (Deno.build.os !== "linux") return openPolling();
  try {
    return new Inotify(directory);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") throw error;
    logger.warn("no notices for {directory}, which is looked at every {ms} ms: {error}", {
      directory,
      ms: POLL_MS,
      error,
    });
    return openPolling();
  }
}

/** Notices of a system that has none: each wait ends soon. */
export function openPolling(): DirectoryEvents {
  return new Polling();
}

/** Milliseconds between two looks where the system reports nothing. */
const POLL_MS = 50;

class Polling implements DirectoryEvents {
  #interruption = new AbortController();

  async wait(timeoutMs: number): Promise<void> {
    await sleep(Math.min(timeoutMs, POLL_MS), this.#interruption.signal);
  }

  interrupt(): void {
    this.#interruption.abort();
  }

  take(): Happened {
    if (this.#interruption.signal.aborted) this.#interruption = new AbortController();
    return { names: new Set(), threads: [], isComplete: false, isGone: false };
  }

  watchThread(): void {}

  close(): void {}
}
