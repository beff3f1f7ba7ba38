/**
 * A message in the hands of a worker: its handler runs, its lease is kept, and what the handler has done is
 * stored.
 *
 * @module
 */

import { afterCommit } from "../../../lib/base/after_commit.ts";
import { retry } from "../../../lib/base/retry.ts";
import { messageOf, nameOf } from "../../../lib/base/thrown.ts";
import { DEFAULT_BACKOFF, retryDelayMs } from "../backoff.ts";
import { type QueueClock, sleepOn } from "../clock.ts";
import { isTransient, STORE_BACKOFF } from "../consumer.ts";
import { QueueError, RejectMessage } from "../errors.ts";
import { logger } from "../log.ts";
import type { QueueObserver } from "../observer.ts";
import { toDelivery, toJson } from "../records.ts";
import type {
  AcknowledgeOutcome,
  DeliveryTarget,
  Failure,
  LeaseOutcome,
  QueueDelivery,
  QueueStore,
} from "../store.ts";
import type { DeliveryRecord, JobContext, JobHandler, WorkerOptions } from "../types.ts";
import { LeaseKeeper } from "./lease_keeper.ts";

/** Most characters of what a handler threw that are stored. */
const MAX_ERROR_LENGTH = 10_000;

/** What a job needs to know of its worker. */
export interface JobHost {
  readonly store: QueueStore;
  readonly clock: QueueClock;
  readonly leaseMs: number;
  readonly observer: QueueObserver;
  readonly agentId: string;
  readonly handler: JobHandler;
  readonly options: WorkerOptions;
  /** Ends the repetitions of calls of the store. */
  readonly givingUp: AbortSignal;
  /** Acknowledges a message in the store. */
  acknowledge(target: DeliveryTarget, result: string | undefined): Promise<AcknowledgeOutcome>;
  /** Called when what became of a message is stored, or cannot be. */
  onSettled(target: DeliveryTarget): void;
}

type SettleName = "acknowledge" | "release" | "reject";
type SettleOutcome = AcknowledgeOutcome | LeaseOutcome;
type SettleAction = (store: QueueStore, target: DeliveryTarget) => Promise<SettleOutcome>;

/** One delivery of a message to a handler. */
export class Job {
  readonly #host: JobHost;
  readonly #delivery: QueueDelivery;
  readonly #target: DeliveryTarget;
  readonly #controller = new AbortController();
  readonly #keeper: LeaseKeeper;
  readonly #cancelExpiry: () => void;
  /** Settles when what became of the message is stored. */
  readonly done: Promise<void>;
  /** Undefined if the message cannot be read. */
  #record: DeliveryRecord | undefined;
  #hasReturned = false;
  #settling: Promise<void> | undefined;

  constructor(host: JobHost, delivery: QueueDelivery) {
    this.#host = host;
    this.#delivery = delivery;
    const { id, leaseToken } = delivery;
    this.#target = { id, agent: host.agentId, token: leaseToken ?? undefined };
    this.#keeper = new LeaseKeeper({
      id,
      leaseMs: delivery.leaseMs ?? host.leaseMs,
      clock: host.clock,
      extend: () => host.store.extend(this.#target, undefined),
      onLost: (outcome) => this.#onLost(outcome),
    });
    this.#cancelExpiry = this.#startExpiry();
    this.done = Promise.resolve().then(() => this.#run());
  }

  /** Whether the handler has not returned yet. */
  get isRunning(): boolean {
    return !this.#hasReturned;
  }

  /** Only a value that is no JSON throws: a handler may leave the promise alone. */
  get #context(): JobContext {
    return {
      signal: this.#controller.signal,
      progress: (value) => this.#progress(toJson("progress", value)),
    };
  }

  async #progress(json: string): Promise<void> {
    try {
      const outcome = await this.#host.store.progress(this.#target, json);
      if (outcome !== "done" && this.#settling === undefined) this.#onLost(outcome);
    } catch (error) {
      logger.debug("progress_failed", { messageId: this.#target.id, error });
    }
  }

  /** Gives the message back, while its handler still runs. */
  async giveBack(reason: string): Promise<void> {
    this.#keeper.stop();
    this.#abort(`cannot go on with message ${this.#target.id}: ${reason}`);
    await this.#settle(
      "release",
      (store, target) => store.giveBack(target, 0, { reason, error: null }),
    );
  }

  /** The store told at the start of the lease how long the message has left by its own clock. */
  #startExpiry(): () => void {
    const { expiresMs, leasedUntilMs, leaseMs } = this.#delivery;
    if (expiresMs === null || leasedUntilMs === null) return () => {};
    const leasedMs = leasedUntilMs - (leaseMs ?? this.#host.leaseMs);
    return this.#host.clock.setTimer(
      () => this.#abort(`message ${this.#target.id} has expired`),
      Math.max(0, expiresMs - leasedMs),
    );
  }

  async #run(): Promise<void> {
    try {
      this.#record = toDelivery(this.#delivery, this.#host.agentId);
      await this.#succeed(await this.#handle(this.#record));
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** The result of the handler, as JSON. */
  async #handle(record: DeliveryRecord): Promise<string | undefined> {
    const { observer, handler } = this.#host;
    logger.debug("message_received", {
      messageId: record.id,
      channel: record.channel,
      agentId: record.agentId,
    });
    try {
      const result = await observer.handle(
        record,
        async () => await handler(record, this.#context),
      );
      return this.#delivery.resultMs === null ? undefined : toJson("result", result ?? null);
    } finally {
      this.#hasReturned = true;
    }
  }

  async #succeed(result: string | undefined): Promise<void> {
    await this.#settle("acknowledge", (_store, target) => this.#host.acknowledge(target, result));
  }

  async #fail(error: unknown): Promise<void> {
    this.#hasReturned = true;
    const record = this.#record;
    if (this.#settling !== undefined) return;
    if (record !== undefined) this.#report(error, record);
    else logger.error("message_unreadable", { messageId: this.#target.id, error });
    const failure = failureOf(error);
    // A message that cannot be read will not be readable the next time.
    if (record === undefined || error instanceof RejectMessage) {
      return await this.#settle("reject", (store, target) => store.reject(target, failure));
    }
    const backoff = record.backoff ?? this.#host.options.backoff ?? DEFAULT_BACKOFF;
    const delayMs = retryDelayMs(backoff, record.attempts, error);
    await this.#settle("release", (store, target) => store.giveBack(target, delayMs, failure));
  }

  #report(error: unknown, record: DeliveryRecord): void {
    const { onError } = this.#host.options;
    if (onError !== undefined) {
      return afterCommit("callback", "onError", () => onError(error, record));
    }
    logger.warn("handler_failed", {
      messageId: record.id,
      channel: record.channel,
      agentId: record.agentId,
      attempts: record.attempts,
      error,
    });
  }

  /** Stores once what became of the message. Until then its lease is kept. */
  #settle(name: SettleName, action: SettleAction): Promise<void> {
    return this.#settling ??= this.#settleOnce(name, action);
  }

  async #settleOnce(name: SettleName, action: SettleAction): Promise<void> {
    const { observer, onSettled } = this.#host;
    const messageId = this.#target.id;
    try {
      await observer.settle(name, this.#record ?? messageId, async () => {
        const outcome = await this.#repeat(action);
        logger.debug("message_settled", { messageId, agentId: this.#target.agent, outcome });
        return outcome === "done" || outcome === "acknowledged";
      });
    } catch (error) {
      // The lease ends, and the message is delivered again.
      logger.error("settling_failed", { messageId, error });
    }
    this.#keeper.stop();
    this.#cancelExpiry();
    onSettled(this.#target);
  }

  /** Repeats a call of the store until it succeeds, or fails for good. */
  #repeat(action: SettleAction): Promise<SettleOutcome> {
    const { store, clock, givingUp } = this.#host;
    const messageId = this.#target.id;
    return retry(() => action(store, this.#target), {
      backoff: STORE_BACKOFF,
      signal: givingUp,
      shouldRetry: isTransient,
      onRetry: (error) => logger.warn("settling_interrupted", { messageId, error }),
      sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
    });
  }

  #onLost(outcome: LeaseOutcome): void {
    const isGone = outcome === "absent";
    logger.warn("lease_lost", { messageId: this.#target.id, agentId: this.#target.agent });
    this.#abort(
      isGone
        ? `message ${this.#target.id} is gone: it is done, has expired or was removed`
        : `the lease of message ${this.#target.id} is lost: another consumer may have the message`,
    );
  }

  #abort(message: string): void {
    if (!this.#controller.signal.aborted) this.#controller.abort(new QueueError(message));
  }
}

/** Any value may be thrown, also one that says nothing. */
function failureOf(error: unknown): Failure {
  const message = messageOf(error);
  return {
    reason: shortened(message === "" ? "its handler failed" : message),
    error: shortened(`${nameOf(error)}: ${message}`),
  };
}

function shortened(text: string): string {
  return text.slice(0, MAX_ERROR_LENGTH).toWellFormed();
}
