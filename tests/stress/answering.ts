/**
 * A process that answers requests.
 *
 * @module
 */

import { Replier, ShmTimeoutError } from "../../mod.ts";
import { REPLY_BIT } from "./asking.ts";
import { block, now, pause } from "./clock.ts";
import { HANDLED } from "./journal.ts";
import { make, verify } from "./message.ts";
import type { Post } from "./task.ts";

const WAYS = { serve: 40, recvSync: 30, recv: 20, tryRecv: 10 };

const TIMEOUT_MS = 20;
const MOST_AT_ONCE = 8;
const MOST_CALLS = 4000;
const ORDER_LOOK_MS = 5;
/** Share of requests that take some milliseconds. */
const SLOW_REQUESTS = 0.02;

/** Answers until it is told to end, through one socket after the other. */
export async function answer(post: Post): Promise<void> {
  while (!post.isOver) {
    using answerer = new Answerer(post);
    await answerer.run();
  }
}

class Answerer implements Disposable {
  readonly #post: Post;
  readonly #stream: number;
  readonly #socket: Replier<Uint8Array, Uint8Array>;

  constructor(post: Post) {
    this.#post = post;
    this.#stream = post.nextStream();
    const { journal, options, task } = post;
    const opened = journal.beginOpening(this.#stream);
    this.#socket = new Replier<Uint8Array, Uint8Array>(task.channel, options);
    journal.finish(opened, 0);
  }

  /** Answers in one way for a while. */
  async run(): Promise<void> {
    const { random } = this.#post;
    const way = random.weighted(WAYS);
    const calls = random.between(MOST_CALLS / 10, MOST_CALLS);
    if (way === "serve") return await this.#serve(calls);
    for (let i = 0; i < calls && !this.#post.isOver; i++) {
      const request = await this.#take(way);
      if (request === undefined) await this.#rest();
      else this.#answer(request);
    }
  }

  async #rest(): Promise<void> {
    await pause(0);
    if (!this.#post.isRunning) await this.#post.rest();
  }

  async #take(way: Exclude<keyof typeof WAYS, "serve">): Promise<Uint8Array | undefined> {
    const timeoutMs = TIMEOUT_MS;
    try {
      if (way === "tryRecv") return this.#socket.tryRecv();
      if (way === "recvSync") return this.#socket.recvSync({ timeoutMs });
      return await this.#socket.recv({ timeoutMs });
    } catch (error) {
      if (error instanceof ShmTimeoutError) return undefined;
      throw error;
    }
  }

  #answer(request: Uint8Array): void {
    const { entry, sequence, reply } = this.#handle(request);
    const { random } = this.#post;
    if (random.chance(SLOW_REQUESTS)) block(random.between(1, 5));
    this.#socket.send(reply);
    this.#post.journal.finish(entry, sequence);
  }

  #handle(request: Uint8Array): { entry: number; sequence: number; reply: Uint8Array } {
    const { journal, task } = this.#post;
    const { stream, sequence } = verify(request, task.capacityBytes);
    const entry = journal.add(HANDLED, this.#stream, stream, sequence, now(), 0);
    const reply = make({ stream: stream | REPLY_BIT, sequence }, task.capacityBytes);
    return { entry, sequence, reply };
  }

  /** Serves several at once until so many are answered, and looks for orders meanwhile. */
  async #serve(calls: number): Promise<void> {
    const { random } = this.#post;
    const stop = new AbortController();
    let left = calls;
    const handler = async (request: Uint8Array) => {
      const { reply } = this.#handle(request);
      if (random.chance(SLOW_REQUESTS)) await pause(random.between(1, 5));
      if (--left <= 0) stop.abort();
      return reply;
    };
    const concurrency = random.between(1, MOST_AT_ONCE);
    const served = this.#socket.serve(handler, { signal: stop.signal, concurrency });
    while (!this.#post.isOver && left > 0) {
      await pause(ORDER_LOOK_MS);
      if (!this.#post.isRunning) await this.#post.rest();
    }
    stop.abort();
    await served;
  }

  [Symbol.dispose](): void {
    const closed = this.#post.journal.beginClosing(this.#stream, 0);
    this.#socket.close();
    this.#post.journal.finish(closed, 0);
  }
}
