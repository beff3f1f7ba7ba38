/**
 * A process that replies to requests.
 *
 * @module
 */

import { Replier, ShmTimeoutError } from "../../mod.ts";
import { REPLY_BIT } from "./requesting.ts";
import { block, now, sleep } from "./clock.ts";
import { HANDLED } from "./journal.ts";
import { make, verify } from "./message.ts";
import type { ProcessContext } from "./task.ts";

const CALLS = { serve: 40, recvSync: 30, recv: 20, tryRecv: 10 };

const TIMEOUT_MS = 20;
const MAX_AT_ONCE = 8;
const MAX_CALLS = 4000;
const ORDER_POLL_MS = 5;
/** Share of requests that take some milliseconds. */
const SLOW_REQUESTS = 0.02;

/** Replies until it is ordered to end, through one socket after the other. */
export async function runReplier(context: ProcessContext): Promise<void> {
  while (!context.isOver) {
    using loop = new ReplierLoop(context);
    await loop.run();
  }
}

class ReplierLoop implements Disposable {
  readonly #context: ProcessContext;
  readonly #stream: number;
  readonly #socket: Replier<Uint8Array, Uint8Array>;

  constructor(context: ProcessContext) {
    this.#context = context;
    this.#stream = context.nextStream();
    const { journal, options, task } = context;
    const opened = journal.beginOpening(this.#stream);
    this.#socket = new Replier<Uint8Array, Uint8Array>(task.channel, options);
    journal.finish(opened, 0);
  }

  /** Replies by one call for a while. */
  async run(): Promise<void> {
    const { random } = this.#context;
    const call = random.weighted(CALLS);
    const calls = random.between(MAX_CALLS / 10, MAX_CALLS);
    if (call === "serve") return await this.#serve(calls);
    for (let i = 0; i < calls && !this.#context.isOver; i++) {
      const request = await this.#receive(call);
      if (request === undefined) await this.#quiesce();
      else this.#reply(request);
    }
  }

  async #quiesce(): Promise<void> {
    await sleep(0);
    if (!this.#context.isRunning) await this.#context.quiesce();
  }

  async #receive(call: Exclude<keyof typeof CALLS, "serve">): Promise<Uint8Array | undefined> {
    const timeoutMs = TIMEOUT_MS;
    try {
      if (call === "tryRecv") return this.#socket.tryRecv();
      if (call === "recvSync") return this.#socket.recvSync({ timeoutMs });
      return await this.#socket.recv({ timeoutMs });
    } catch (error) {
      if (error instanceof ShmTimeoutError) return undefined;
      throw error;
    }
  }

  #reply(request: Uint8Array): void {
    const { entry, sequence, reply } = this.#handle(request);
    const { random } = this.#context;
    if (random.chance(SLOW_REQUESTS)) block(random.between(1, 5));
    this.#socket.send(reply);
    this.#context.journal.finish(entry, sequence);
  }

  #handle(request: Uint8Array): { entry: number; sequence: number; reply: Uint8Array } {
    const { journal, task } = this.#context;
    const { stream, sequence } = verify(request, task.capacityBytes);
    const entry = journal.add(HANDLED, this.#stream, stream, sequence, now(), 0);
    const reply = make({ stream: stream | REPLY_BIT, sequence }, task.capacityBytes);
    return { entry, sequence, reply };
  }

  /** Serves several requests at once until it has replied to `calls`, and checks for orders meanwhile. */
  async #serve(calls: number): Promise<void> {
    const { random } = this.#context;
    const stop = new AbortController();
    let left = calls;
    const handler = async (request: Uint8Array) => {
      const { reply } = this.#handle(request);
      if (random.chance(SLOW_REQUESTS)) await sleep(random.between(1, 5));
      if (--left <= 0) stop.abort();
      return reply;
    };
    const concurrency = random.between(1, MAX_AT_ONCE);
    const served = this.#socket.serve(handler, { signal: stop.signal, concurrency });
    while (!this.#context.isOver && left > 0) {
      await sleep(ORDER_POLL_MS);
      if (!this.#context.isRunning) await this.#context.quiesce();
    }
    stop.abort();
    await served;
  }

  [Symbol.dispose](): void {
    const closed = this.#context.journal.beginClosing(this.#stream, 0);
    this.#socket.close();
    this.#context.journal.finish(closed, 0);
  }
}
