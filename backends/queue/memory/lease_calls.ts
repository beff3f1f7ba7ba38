/**
 * The calls of those who hold messages.
 *
 * @module
 */

import { parsePlainJson } from "../../../lib/base/plain_json.ts";
import type { EngineConfig } from "../config.ts";
import type { AcknowledgeOutcome, DeliveryTarget, Failure, LeaseOutcome } from "../store.ts";
import type { QueueEvent } from "../types.ts";
import { exhaustion } from "./delivery_queues.ts";
import { after, type Death, type Delivery } from "./entry.ts";
import type { StoredMessages } from "./stored_messages.ts";

/** Ends and changes leases, for their holders or, without a token, for anybody. */
export class LeaseCalls {
  readonly #messages: StoredMessages;

  constructor(messages: StoredMessages) {
    this.#messages = messages;
  }

  acknowledge(target: DeliveryTarget, result: string | undefined): AcknowledgeOutcome {
    const delivery = this.#messages.find(target.id, target.agent);
    if (typeof delivery === "string") return delivery;
    if (isLost(delivery, target)) return this.#messages.tellLost("acknowledged", delivery);
    if (delivery.state === "acknowledged") return "acknowledged";
    const { entry } = delivery;
    const { dateMs } = this.#messages.now();
    if (entry.target !== null) this.#messages.index.acknowledge(entry, dateMs);
    this.#messages.keepResult(entry, { type: "result", json: result ?? "null" });
    this.#messages.queues.acknowledge(delivery);
    return "acknowledged";
  }

  /** The delivery whose lease a call changes: that of the caller or, without a token, whoever has it. */
  #findLeased(
    target: DeliveryTarget,
    type: QueueEvent["type"],
  ): Delivery | Exclude<LeaseOutcome, "done"> {
    const delivery = this.#messages.find(target.id, target.agent);
    if (typeof delivery === "string") return delivery;
    const isHeld = target.token === undefined
      ? delivery.leaseEnd !== null
      : delivery.state !== "acknowledged" && !isLost(delivery, target);
    return isHeld ? delivery : this.#messages.tellLost(type, delivery);
  }

  extend(
    target: DeliveryTarget,
    leaseMs: number | undefined,
    config: EngineConfig,
  ): LeaseOutcome {
    const delivery = this.#findLeased(target, "progress");
    if (typeof delivery === "string") return delivery;
    const { entry, agent, leaseEnd } = delivery;
    const end = after(this.#messages.now(), leaseMs ?? entry.leaseMs ?? config.leaseMs);
    if (delivery.state === "dead") {
      if (!this.#messages.queues.revive(delivery, end)) {
        return this.#messages.tellLost("progress", delivery);
      }
      this.#messages.results.delete(entry.id);
      return "done";
    }
    this.#messages.queues.lease(delivery, end);
    // Others sleep until the former end.
    if (leaseEnd !== null && end.ms < leaseEnd.ms) {
      this.#messages.listeners.wake(entry.channel, agent);
    }
    return "done";
  }

  giveBack(target: DeliveryTarget, delayMs: number, failure: Failure): LeaseOutcome {
    const delivery = this.#findLeased(target, "released");
    if (typeof delivery === "string") return delivery;
    const { entry, agent, attempts, maxAttempts } = delivery;
    if (attempts >= maxAttempts!) return this.#kill(delivery, failure);
    const now = this.#messages.now();
    this.#messages.count("released", entry, agent, failure.reason ?? undefined);
    this.#messages.queues.giveBack(delivery, delayMs > 0 ? after(now, delayMs) : null);
    return "done";
  }

  reject(target: DeliveryTarget, failure: Failure): LeaseOutcome {
    const delivery = this.#messages.find(target.id, target.agent);
    if (typeof delivery === "string") return delivery;
    const isDeadByLease = delivery.state === "dead" && target.token !== undefined;
    const canDie = delivery.state === "pending" || isDeadByLease;
    if (isLost(delivery, target) || !canDie) return this.#messages.tellLost("dead", delivery);
    return this.#kill(delivery, failure);
  }

  #kill(delivery: Delivery, { reason, error }: Failure): "done" {
    const exhausted: Death = exhaustion(delivery, this.#messages.now());
    delivery.token = null;
    this.#messages.queues.kill(delivery, {
      ...exhausted,
      reason: reason ?? exhausted.reason,
      error,
    });
    return "done";
  }

  progress(target: DeliveryTarget, value: string): LeaseOutcome {
    const delivery = this.#findLeased(target, "progress");
    if (typeof delivery === "string") return delivery;
    const { entry: { channel, id }, agent: agentId } = delivery;
    const event = { type: "progress", channel, id, agentId, value: parsePlainJson(value) } as const;
    this.#messages.events.tell(event);
    return "done";
  }

  requeue(id: string, agent: string | undefined): AcknowledgeOutcome {
    const delivery = this.#messages.find(id, agent);
    if (typeof delivery === "string") return delivery;
    if (delivery.state !== "dead") return "absent";
    this.#messages.results.delete(id);
    this.#messages.queues.requeue(delivery);
    return "acknowledged";
  }
}

/** Whether the lease that a caller names is not that of a delivery any more. */
function isLost(delivery: Delivery, { token }: DeliveryTarget): boolean {
  return token !== undefined && token !== delivery.token;
}
