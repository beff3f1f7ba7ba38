/**
 * The calls that end or change the lease of a message.
 *
 * @module
 */

import { checkOutcome } from "./checks.ts";
import type { HeldLeases } from "./held_leases.ts";
import { logger } from "./log.ts";
import type { QueueObserver } from "./observer.ts";
import {
  ACKNOWLEDGE_OPTIONS,
  EXTEND_OPTIONS,
  REJECT_OPTIONS,
  RELEASE_OPTIONS,
  REQUEUE_OPTIONS,
} from "./options.ts";
import { toJson } from "./records.ts";
import { text } from "../../lib/base/option_checks.ts";
import type { AcknowledgeOutcome, DeliveryTarget, LeaseOutcome, QueueStore } from "./store.ts";
import type {
  AcknowledgeOptions,
  ExtendOptions,
  MessageRecord,
  RejectOptions,
  ReleaseOptions,
  TargetOptions,
} from "./types.ts";

/** What settlements need to know of their queue. */
export interface SettlementHost {
  readonly store: QueueStore;
  readonly observer: QueueObserver;
  readonly held: HeldLeases;
  /** Throws unless the queue is open. */
  check(action: string): void;
  /** Called when there may be room for another message. */
  onSettled(): void;
}

type Message = string | MessageRecord;

/** Settles deliveries of one queue. */
export class Settlement {
  readonly #host: SettlementHost;

  constructor(host: SettlementHost) {
    this.#host = host;
  }

  acknowledge(message: Message, options: AcknowledgeOptions): Promise<boolean> {
    return this.#observe("acknowledge", message, async () => {
      ACKNOWLEDGE_OPTIONS.check(options);
      const { result } = options;
      const json = result === undefined ? undefined : toJson("result", result);
      const target = this.#host.held.targetOf(message, options);
      const outcome = await this.#host.store.acknowledge(target, json);
      const isDone = this.#settled("acknowledge", target, outcome);
      const { id: messageId, agent: agentId } = target;
      if (isDone) logger.debug("message_acknowledged", { messageId, agentId });
      return isDone;
    });
  }

  extend(message: Message, options: ExtendOptions): Promise<boolean> {
    return this.#observe("extend", message, async () => {
      EXTEND_OPTIONS.check(options);
      const { seconds } = options;
      const leaseMs = seconds === undefined ? undefined : Math.round(seconds * 1000);
      const target = this.#host.held.targetOf(message, options);
      const outcome = await this.#host.store.extend(target, leaseMs);
      if (outcome !== "done") this.#host.held.remove(target);
      return checkOutcome(outcome, "extend", target.id);
    });
  }

  release(message: Message, options: ReleaseOptions): Promise<boolean> {
    return this.#observe("release", message, async () => {
      RELEASE_OPTIONS.check(options);
      const { delaySeconds = 0, reason = null, error = null } = options;
      const target = this.#host.held.targetOf(message, options);
      const delayMs = Math.round(delaySeconds * 1000);
      const outcome = await this.#host.store.giveBack(target, delayMs, { reason, error });
      return this.#settled("release", target, outcome);
    });
  }

  reject(message: Message, reason: string, options: RejectOptions): Promise<boolean> {
    return this.#observe("reject", message, async () => {
      REJECT_OPTIONS.check(options);
      const failure = { reason: text("reason", reason), error: options.error ?? null };
      const target = this.#host.held.targetOf(message, options);
      const outcome = await this.#host.store.reject(target, failure);
      return this.#settled("reject", target, outcome);
    });
  }

  requeue(message: Message, options: TargetOptions): Promise<boolean> {
    return this.#observe("requeue", message, async () => {
      REQUEUE_OPTIONS.check(options);
      const { id, agent } = this.#host.held.targetOf(message, options);
      const outcome = await this.#host.store.requeue(id, agent);
      return checkOutcome(outcome, "requeue", id);
    });
  }

  #settled(
    action: string,
    target: DeliveryTarget,
    outcome: AcknowledgeOutcome | LeaseOutcome,
  ): boolean {
    this.#host.held.remove(target);
    this.#host.onSettled();
    return checkOutcome(outcome, action, target.id);
  }

  #observe(
    name: "acknowledge" | "extend" | "release" | "reject" | "requeue",
    message: Message,
    call: () => Promise<boolean>,
  ): Promise<boolean> {
    return this.#host.observer.settle(name, message, async () => {
      this.#host.check(name);
      return await call();
    });
  }
}
