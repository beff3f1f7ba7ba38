/**
 * Channels of a message queue with a schema, which a module defines and all sides import.
 *
 * @module
 */

import { checkNoMore } from "../../lib/base/checks.ts";
import { SchemaError } from "../../lib/base/errors.ts";
import { isObject, objectWith, oneOf } from "../../lib/base/option_checks.ts";
import { OptionRules } from "../../lib/base/option_rules.ts";
import { rejectOwnOptions } from "../../lib/schema/own_options.ts";
import {
  CHECKING_SIDES,
  type CheckingSide,
  checkOn,
  checkSchema,
  isAskedBy,
  type SentOf,
} from "../../lib/schema/schema_check.ts";
import type { AnySchema, OutputOf, StandardSchema } from "../../lib/schema/standard_schema.ts";
import { checkName } from "./checks.ts";
import type {
  DefinedPublishOptions,
  DefinedQueue,
  JsonDefinition,
  QueueDefinition,
  QueueOnAny,
} from "./defined.ts";
import { RejectMessage } from "./errors.ts";
import type {
  AcknowledgeOptions,
  DeliveryRecord,
  JobHandler,
  MessageQueue,
  MessageRecord,
  PublishAndWaitOptions,
  PublishedRecord,
  PublishOptions,
  QueueWorker,
  ScheduleRecord,
  ScheduleRule,
  SubscribeOptions,
  Subscription,
  WorkerOptions,
} from "./types.ts";

const OPTIONS = new OptionRules<QueueDefinition>("defineQueue()", {
  schema: checkSchema,
  result: checkSchema,
  check: oneOf(...CHECKING_SIDES),
});

const checkQueue = objectWith<MessageQueue>("publish", "subscribe", "worker");

/**
 * Defines a channel of a message queue in a module that all sides import: its name, and what its payloads and
 * results are.
 *
 * @throws {TypeError} if the name, a schema or an option is invalid
 *
 * @example
 * ```ts
 * import { defineQueue, InMemoryMessageQueue, typeOnly } from "@ringbus/ringbus";
 *
 * const resize = defineQueue("resize", {
 *   schema: typeOnly<{ image: string; width: number }>(), // or one of zod, valibot or arktype
 *   result: typeOnly<{ bytes: number }>(),
 * });
 *
 * await using queue = new InMemoryMessageQueue();
 * await queue.initialize();
 * const jobs = resize.on(queue);
 * await using worker = jobs.worker("resizer", ({ payload }) => ({ bytes: 3 * payload.width }));
 * await worker.ready;
 * const { bytes } = await jobs.publishAndWait(
 *   { payload: { image: "7.png", width: 20 }, sourceAgent: "web", targetAgent: "resizer" },
 *   { timeoutMs: 10_000 },
 * );
 * console.log(bytes); // 60
 * ```
 */
export function defineQueue<
  S extends AnySchema,
  R extends AnySchema = StandardSchema<unknown>,
  K extends CheckingSide = "sender",
>(
  channel: string,
  definition: QueueDefinition<S, R, K> & JsonDefinition<S, K>,
): QueueOnAny<SentOf<S, K>, OutputOf<S>, SentOf<R, K>, OutputOf<R>> {
  checkNoMore("defineQueue()", arguments, 2);
  checkName("channel", channel);
  OPTIONS.require(definition);
  checkSchema("schema", definition.schema);
  const checks = new QueueChecks(channel, definition);
  return Object.freeze({
    channel,
    on: (queue: MessageQueue) => new CheckedQueue(checkQueue("queue", queue), channel, checks),
  }) as QueueOnAny<SentOf<S, K>, OutputOf<S>, SentOf<R, K>, OutputOf<R>>;
}

/** What a definition checks on its way out, and on its way in. */
class QueueChecks {
  readonly #channel: string;
  readonly #definition: QueueDefinition;

  constructor(channel: string, definition: QueueDefinition) {
    this.#channel = channel;
    this.#definition = Object.freeze({ ...definition });
  }

  /** True if agents check what they receive. */
  get isOfReceivers(): boolean {
    return isAskedBy("receiver", this.#definition);
  }

  #check(
    side: CheckingSide,
    schema: AnySchema | undefined,
    value: unknown,
    what: string,
  ): Promise<unknown> {
    const { check } = this.#definition;
    const subject = `${what} queue channel ${JSON.stringify(this.#channel)}`;
    return checkOn(
      side,
      { schema, check },
      value,
      side === "sender" ? `${subject}: the value` : subject,
    );
  }

  published(payload: unknown): Promise<unknown> {
    return this.#check("sender", this.#definition.schema, payload, "cannot publish on");
  }

  received(payload: unknown): Promise<unknown> {
    return this.#check("receiver", this.#definition.schema, payload, "a message of");
  }

  result(value: unknown): Promise<unknown> {
    return this.#check("sender", this.#definition.result, value, "cannot acknowledge on");
  }

  awaited(value: unknown): Promise<unknown> {
    return this.#check("receiver", this.#definition.result, value, "a result of");
  }
}

/** A channel of a queue whose values are checked. */
class CheckedQueue implements DefinedQueue<unknown, unknown, unknown, unknown> {
  readonly channel: string;
  readonly #queue: MessageQueue;
  readonly #checks: QueueChecks;

  constructor(queue: MessageQueue, channel: string, checks: QueueChecks) {
    this.#queue = queue;
    this.channel = channel;
    this.#checks = checks;
  }

  async #message(call: string, options: DefinedPublishOptions<unknown>): Promise<PublishOptions> {
    rejectOwnOptions(call, "defineQueue()", this.channel, ["channel"], options);
    if (!isObject(options)) return options as PublishOptions;
    const payload = await this.#checks.published(options.payload);
    return { ...options, channel: this.channel, payload };
  }

  async publish(options: DefinedPublishOptions<unknown>): Promise<PublishedRecord> {
    checkNoMore("publish()", arguments, 1);
    return await this.#queue.publish(await this.#message("publish()", options));
  }

  async publishAndWait(
    options: DefinedPublishOptions<unknown>,
    wait: PublishAndWaitOptions,
  ): Promise<unknown> {
    checkNoMore("publishAndWait()", arguments, 2);
    const message = await this.#message("publishAndWait()", options);
    return await this.#checks.awaited(await this.#queue.publishAndWait(message, wait));
  }

  async schedule(
    key: string,
    rule: ScheduleRule,
    message: DefinedPublishOptions<unknown>,
  ): Promise<ScheduleRecord> {
    checkNoMore("schedule()", arguments, 3);
    return await this.#queue.schedule(key, rule, await this.#message("schedule()", message));
  }

  subscribe(agentId: string, options?: SubscribeOptions): Subscription {
    checkNoMore("subscribe()", arguments, 2);
    const subscription = this.#queue.subscribe(this.channel, agentId, options);
    return this.#checks.isOfReceivers
      ? new CheckedSubscription(this.#queue, subscription, this.#checks)
      : subscription;
  }

  worker(agentId: string, handler: JobHandler, options?: WorkerOptions): QueueWorker {
    checkNoMore("worker()", arguments, 3);
    const checked: JobHandler = async (record, context) => {
      const payload = await this.#payload(record);
      return await this.#checks.result(await handler({ ...record, payload }, context));
    };
    const given = typeof handler === "function" ? checked : handler;
    return this.#queue.worker(this.channel, agentId, given, options);
  }

  /** The payload of a record. One that does not match would not match the next time. */
  async #payload(record: DeliveryRecord): Promise<unknown> {
    try {
      return await this.#checks.received(record.payload);
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      throw new RejectMessage(error.message, { cause: error });
    }
  }

  async acknowledge(
    message: string | MessageRecord,
    options?: AcknowledgeOptions,
  ): Promise<boolean> {
    checkNoMore("acknowledge()", arguments, 2);
    if (options?.result === undefined) return await this.#queue.acknowledge(message, options);
    const result = await this.#checks.result(options.result);
    return await this.#queue.acknowledge(message, { ...options, result });
  }
}

/** A subscription that makes dead letters of messages that do not match. */
class CheckedSubscription implements Subscription {
  readonly #queue: MessageQueue;
  readonly #subscription: Subscription;
  readonly #checks: QueueChecks;

  constructor(queue: MessageQueue, subscription: Subscription, checks: QueueChecks) {
    this.#queue = queue;
    this.#subscription = subscription;
    this.#checks = checks;
  }

  get ready(): Promise<void> {
    return this.#subscription.ready;
  }

  get missed(): number {
    return this.#subscription.missed;
  }

  async next(): Promise<IteratorResult<DeliveryRecord>> {
    while (true) {
      const step = await this.#subscription.next();
      if (step.done) return step;
      try {
        const payload = await this.#checks.received(step.value.payload);
        return { done: false, value: { ...step.value, payload } };
      } catch (error) {
        if (!(error instanceof SchemaError)) throw error;
        await this.#queue.reject(step.value, error.message);
      }
    }
  }

  return(): Promise<IteratorResult<DeliveryRecord>> {
    return this.#subscription.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#subscription[Symbol.asyncDispose]() as Promise<void>;
  }
}
