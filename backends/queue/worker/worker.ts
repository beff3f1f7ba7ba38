/**
 * Takes the messages of a channel for an agent, calls a handler with each, and stores what it has done.
 *
 * @module
 */

import { logUnheeded } from "../../../lib/base/log.ts";
import { withTurn } from "../../../lib/base/turn.ts";
import { sleepOn } from "../clock.ts";
import { ChannelConsumer, type ClaimPlan, type ConsumerHost } from "../consumer.ts";
import { logger } from "../log.ts";
import type { QueueObserver } from "../observer.ts";
import type { AcknowledgeOutcome, DeliveryTarget, QueueDelivery, QueueStore } from "../store.ts";
import type { JobHandler, QueueWorker, WorkerOptions } from "../types.ts";
import { Job, type JobHost } from "./job.ts";
import { closeAtTermination } from "./termination.ts";

const GRACE_SECONDS = 10;
/** Most messages that one claim takes: more would keep other clients of the server waiting. */
const MAX_CLAIM = 1000;
/** Longest wait for the store to take back what is left at the end of the grace. */
const GIVE_BACK_MS = 1000;

/** What a worker needs to know of its queue. */
export interface WorkerHost extends ConsumerHost {
  readonly store: QueueStore;
  readonly observer: QueueObserver;
  /** Called with each message that a handler is to get. */
  onDelivery(delivery: QueueDelivery): void;
  /** Called when what became of a message is stored, or cannot be. */
  onSettled(target: DeliveryTarget): void;
}

/** A worker on any store. */
export class ChannelWorker implements QueueWorker {
  readonly ready: Promise<void>;
  readonly closed: Promise<void>;
  readonly #host: WorkerHost;
  readonly #options: WorkerOptions;
  readonly #concurrency: number;
  readonly #jobHost: JobHost;
  readonly #consumer: ChannelConsumer;
  readonly #jobs = new Set<Job>();
  /** Jobs whose messages were given back, and whose handlers still run. */
  readonly #abandoned = new Set<Job>();
  readonly #givingUp = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  readonly #loop: Promise<void>;
  #onFree: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    host: WorkerHost,
    channel: string,
    agentId: string,
    handler: JobHandler,
    options: WorkerOptions,
  ) {
    logUnheeded();
    this.#host = host;
    this.#options = options;
    this.#concurrency = options.concurrency ?? 1;
    this.#jobHost = {
      ...host,
      agentId,
      handler,
      options,
      givingUp: this.#givingUp.signal,
      acknowledge: (target, result) => this.#acknowledge(target, result),
    };
    this.#consumer = new ChannelConsumer({ ...host, onEnd: () => {} }, {
      channel,
      agentId,
      from: "now",
      limiter: options.limiter,
      plan: sharing(() => Math.min(this.#free, MAX_CLAIM)),
      // One that `next` has returned is not counted as a job yet.
      room: (isAsked) => this.#free - (isAsked ? 0 : 1),
      mayOverlap: false,
      onGap: undefined,
    });
    this.ready = this.#consumer.ready;
    this.closed = this.#closed.promise;
    // A failure must not end a program that does not await it.
    this.closed.catch(() => {});
    this.#closeWith(options.signal);
    this.#loop = this.#run();
  }

  get running(): number {
    return [...this.#jobs, ...this.#abandoned].filter(({ isRunning }) => isRunning).length;
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Settles when nothing of a worker that has closed is left to do. */
  get cleared(): Promise<void> {
    return this.#consumer.cleared;
  }

  get #free(): number {
    return this.#concurrency - this.#jobs.size;
  }

  #closeWith(signal: AbortSignal | undefined): void {
    const close = () => void this.close();
    const stopListening = closeAtTermination(close);
    signal?.addEventListener("abort", close, { once: true });
    const stop = () => {
      stopListening();
      signal?.removeEventListener("abort", close);
    };
    this.closed.then(stop, stop);
    if (signal?.aborted) queueMicrotask(close);
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    try {
      for (;;) {
        await this.#untilFree();
        const delivery = await withTurn(() => this.#consumer.next());
        if (delivery === undefined) return;
        this.#start(delivery);
      }
    } catch (error) {
      logger.error("worker_ended", { error });
      this.#failure = { error };
      void this.close();
    }
  }

  /**
   * A worker that runs one handler at a time takes its next message in the same call of the store. Acknowledgements of
   * several handlers share a call, as what they take does.
   */
  #acknowledge(target: DeliveryTarget, result: string | undefined): Promise<AcknowledgeOutcome> {
    const carried = this.#concurrency === 1
      ? this.#consumer.acknowledge(target, result, 1)
      : undefined;
    return carried ?? this.#host.store.acknowledge(target, result);
  }

  async #untilFree(): Promise<void> {
    if (this.#free > 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onFree = resolve;
    await promise;
  }

  #start(delivery: QueueDelivery): void {
    this.#host.onDelivery(delivery);
    const job = new Job(this.#jobHost, delivery);
    this.#jobs.add(job);
    void job.done.then(() => {
      this.#jobs.delete(job);
      this.#abandoned.delete(job);
      this.#onFree?.();
    });
  }

  async #close(): Promise<void> {
    const grace = new AbortController();
    const ending = this.#consumer.end();
    this.#onFree?.();
    await ending;
    await this.#loop;
    const graceMs = (this.#options.graceSeconds ?? GRACE_SECONDS) * 1000;
    await Promise.race([this.#idle(), sleepOn(this.#host.clock, graceMs, grace.signal)]);
    await Promise.race([
      this.#giveBackAll(),
      sleepOn(this.#host.clock, GIVE_BACK_MS, grace.signal),
    ]);
    grace.abort();
    this.#givingUp.abort();
    void this.cleared.then(() => this.#host.onEnd());
    if (this.#failure === undefined) this.#closed.resolve();
    else this.#closed.reject(this.#failure.error);
  }

  async #idle(): Promise<void> {
    await Promise.all([...this.#jobs].map(({ done }) => done));
  }

  async #giveBackAll(): Promise<void> {
    const jobs = [...this.#jobs];
    for (const job of jobs) this.#abandoned.add(job);
    this.#jobs.clear();
    await Promise.all(jobs.map((job) => job.giveBack("its worker was closed")));
  }
}

/** Claims no more than `free()` messages from all receivers together, each time from another one first. */
function sharing(free: () => number): ClaimPlan {
  let turn = 0;
  return async (empty, claim, held) => {
    const outcomes: PromiseSettledResult<void>[] = [];
    let left = free() - held;
    const first = turn++ % empty.length;
    for (const receiver of [...empty.slice(first), ...empty.slice(0, first)]) {
      if (left <= 0) break;
      outcomes.push(...await Promise.allSettled([claim(receiver, left)]));
      left -= receiver.length;
    }
    return outcomes;
  };
}
