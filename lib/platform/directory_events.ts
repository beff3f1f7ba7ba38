/**
 * What the kernel reports of a directory: files that came, went or were closed, and threads that ended.
 *
 * @module
 */

/** What has happened since the last call. */
export interface Happened {
  /** Files of the directory that something happened to. */
  readonly names: ReadonlySet<string>;
  /** Watched threads that have ended. */
  readonly threads: readonly number[];
  /** False if more may have happened than is reported: everything is to be looked at. */
  readonly isComplete: boolean;
  /** True if the directory itself was removed or moved: nothing more is reported. */
  readonly isGone: boolean;
}

/** Notices of a directory. */
export interface DirectoryEvents {
  /** Waits until something has happened, `interrupt` is called, or the time is over. */
  wait(timeoutMs: number): Promise<void>;
  /** Ends a wait. */
  interrupt(): void;
  /** What has happened. */
  take(): Happened;
  /** Reports the end of a thread as well, as far as the system can. */
  watchThread(thread: number): void;
  /** Closes all descriptors. No wait is going on. */
  close(): void;
}
