/**
 * Calls of one script that travel to the server as one command.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Argument } from "./connection.ts";

/** Most calls in one batch: a longer one would keep other clients of the server waiting. */
const MAX_BATCH_SIZE = 16;
/** A shorter batch costs more than it gains, since each has its own command. */
const MIN_BATCH_SIZE = 4;

/** How calls of one script on one connection come. */
export class ScriptLane<Reply> {
  /** Calls in batches, also in the open one, that have no replies yet. */
  #unanswered = 0;
  /** The batch that is sent in the next turn of the event loop. */
  open: ScriptBatch<Reply> | undefined;
  /** Calls since the last turn. */
  #calls = 0;
  /** Calls before that, in the turn that had some. */
  #lastCalls = 0;

  /**
   * Counts a call. True if it is to be sent at once, because lately no two calls came in one turn: a turn would only
   * keep it waiting. `onTurn` is to be called after a turn.
   */
  add(): boolean {
    return this.#calls++ === 0 && this.#lastCalls <= 1;
  }

  /**
   * The batch for another call; undefined if it is to begin a new one. A batch takes at most half of the calls that have
   * no replies, so that there are two: the client looks at the replies of one while the server works on the other one.
   */
  take(): ScriptBatch<Reply> | undefined {
    const limit = Math.ceil(++this.#unanswered / 2);
    const isFull = this.open !== undefined &&
      this.open.size >= Math.min(Math.max(limit, MIN_BATCH_SIZE), MAX_BATCH_SIZE);
    return isFull ? undefined : this.open;
  }

  /** A batch has its replies, or an error. */
  end({ size }: ScriptBatch<Reply>): void {
    this.#unanswered -= size;
  }

  /** Begins to count anew. */
  readonly onTurn = (): void => {
    if (this.#calls === 0) return;
    this.#lastCalls = this.#calls;
    this.#calls = 0;
  };
}

/**
 * Gives batches their replies, one batch a turn of the event loop, though the replies of several come together. What the
 * callers of one batch do next is sent before the replies of the next one are looked at: the server works on it meanwhile.
 */
export class ReplyPacer {
  readonly #waiting: (() => void)[] = [];
  #isTurnTaken = false;

  /** Calls `resolve` in this turn if it is the first one, or in a later one. */
  add(resolve: () => void): void {
    if (this.#isTurnTaken) {
      this.#waiting.push(resolve);
      return;
    }
    this.#isTurnTaken = true;
    setImmediate(this.#onTurn);
    resolve();
  }

  readonly #onTurn = (): void => {
    const resolve = this.#waiting.shift();
    this.#isTurnTaken = resolve !== undefined;
    if (resolve === undefined) return;
    setImmediate(this.#onTurn);
    resolve();
  };
}

/** Calls of one script, the first one first. The script returns one reply for each call. */
export class ScriptBatch<Reply> {
  readonly #args: (() => readonly Argument[])[] = [];
  readonly #calls: PromiseWithResolvers<Reply>[] = [];

  /** Number of calls. */
  get size(): number {
    return this.#calls.length;
  }

  /** The arguments of all calls, one call after the other, as they are when the batch is sent. */
  args(): Argument[] {
    return this.#args.flatMap((args) => args());
  }

  /** Adds a call, and returns its reply. */
  add(args: () => readonly Argument[]): Promise<Reply> {
    this.#args.push(args);
    const call = Promise.withResolvers<Reply>();
    this.#calls.push(call);
    return call.promise;
  }

  /** Gives each call its reply. */
  resolve(replies: readonly Reply[]): void {
    for (const [i, call] of this.#calls.entries()) call.resolve(replies[i]);
  }

  /** Rejects all calls. */
  reject(error: unknown): void {
    for (const call of this.#calls) call.reject(error);
  }
}
