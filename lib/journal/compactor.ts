/**
 * Decides when a member compacts its journal, and does so at once or in turns of the event loop.
 *
 * @module
 */

import { reportFailure } from "../base/after_commit.ts";
import { isTurnDue, takeTurn } from "../base/turn.ts";
import type { Generation } from "./generation.ts";
import type { Steps } from "./steps.ts";

/** Unused bytes that a generation may have before it is compacted. */
const SLACK_BYTES = 1024 * 1024;
/** Smallest generation that is compacted because its state has shrunk. */
const SHRUNK_BYTES = 256 * 1024;

/** The member whose journal is compacted. */
export interface CompactionHost {
  readonly name: string;
  readonly memberIndex: number;
  generation(): Generation;
  /** Bytes of the records that remove all entries one by one. */
  removalBytes(): number;
  /** The work of a compaction. */
  rotateSteps(): Steps<void>;
}

/** The compactions of one member. */
export class Compactor {
  readonly #host: CompactionHost;
  readonly #slackBytes: number;
  /** A compaction that has begun; until its end the member applies nothing. */
  #begun: { readonly steps: Steps<void>; readonly retryBytes: number } | undefined;
  /** Resolves when the compaction has ended that was left to turns of the event loop. */
  #inTurns: Promise<void> | undefined;
  /** True while the present call leaves a compaction to turns of the event loop. */
  #mayDefer = false;
  /** Size of the generation at which the member tries again, after a failure. */
  #retryBytes = 0;
  /** Most bytes of removals that were reserved since the last compaction or attempt at one. */
  #peakRemovalBytes = 0;

  constructor(host: CompactionHost, slackBytes: number = SLACK_BYTES) {
    this.#host = host;
    this.#slackBytes = slackBytes;
  }

  /** True if a compaction has begun and not ended. */
  get isRunning(): boolean {
    return this.#begun !== undefined;
  }

  /** Resolves when no compaction is left to turns of the event loop. */
  async ended(): Promise<void> {
    await this.#inTurns;
  }

  /** The member continues in another generation. */
  reset(): void {
    this.#retryBytes = 0;
    this.#peakRemovalBytes = 0;
  }

  /** Calls what may leave a compaction to later turns of the event loop. */
  deferring<T>(call: () => T): T {
    this.#mayDefer = true;
    try {
      return call();
    } finally {
      this.#mayDefer = false;
    }
  }

  /** Compacts when most of the generation is unused: one member first, any at twice the size. */
  compactIfDue(): void {
    const generation = this.#host.generation();
    const { usedBytes, snapshotBytes } = generation;
    const dueBytes = 2 * snapshotBytes + this.#slackBytes;
    if (!this.#hasShrunk()) {
      if (usedBytes < Math.max(dueBytes, this.#retryBytes)) return;
      if (usedBytes < 2 * dueBytes && !generation.claimCompaction(this.#host.memberIndex)) return;
    }
    this.#peakRemovalBytes = this.#host.removalBytes();
    this.#begun = { steps: this.#host.rotateSteps(), retryBytes: usedBytes + dueBytes };
    if (this.#mayDefer) this.#inTurns = this.#compactInTurns();
    else this.finish();
  }

  /**
   * True if half of the entries were removed since the last compaction or attempt at one. On a full disk
   * the next one has to succeed before new entries take the space that the removed ones had reserved.
   */
  #hasShrunk(): boolean {
    const bytes = this.#host.removalBytes();
    const { usedBytes } = this.#host.generation();
    this.#peakRemovalBytes = Math.max(this.#peakRemovalBytes, bytes);
    const isWorthwhile = usedBytes >= Math.min(this.#slackBytes, SHRUNK_BYTES);
    return isWorthwhile && bytes <= this.#peakRemovalBytes / 2 && this.#peakRemovalBytes > 0;
  }

  /** Gives the event loop its turns. Meanwhile the member applies nothing, so that its state stays. */
  async #compactInTurns(): Promise<void> {
    while (this.#step()) {
      if (isTurnDue()) await takeTurn();
    }
  }

  /** Ends a compaction that runs in turns, since a synchronous call needs the journal. */
  finish(): void {
    while (this.#step()) continue;
  }

  /** Continues with the compaction; false if there is none any more. */
  #step(): boolean {
    const begun = this.#begun;
    if (begun === undefined) return false;
    try {
      if (!begun.steps.next().done) return true;
    } catch (error) {
      this.#retryBytes = begun.retryBytes;
      reportFailure("journal", `the compaction of journal ${this.#host.name}`, error);
    }
    this.#begun = undefined;
    return false;
  }

  /** Gives up the compaction that has begun: the member leaves. */
  abort(): void {
    const begun = this.#begun;
    this.#begun = undefined;
    begun?.steps.return();
  }
}
