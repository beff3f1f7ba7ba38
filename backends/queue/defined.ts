/**
 * The types of channels of a message queue with a schema.
 *
 * @module
 */

import type { CarriedOf, CheckingSide } from "../../lib/schema/schema_check.ts";
import type { SendingProblem } from "../../lib/schema/sendable.ts";
import type { AnySchema } from "../../lib/schema/standard_schema.ts";
import type {
  AcknowledgeOptions,
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

/** What `defineQueue` takes. */
export interface QueueDefinition<
  S extends AnySchema = AnySchema,
  R extends AnySchema = AnySchema,
  K extends CheckingSide = CheckingSide,
> {
  /** What payloads are: any Standard Schema, version 1. It may be asynchronous. */
  readonly schema: S;
  /** What results are. Default: any JSON value. */
  readonly result?: R | undefined;
  /**
   * Who asks the schemas. `"sender"`: what does not match is not published. `"receiver"`: a message that does not
   * match becomes a dead letter. `"none"`: nobody, the schemas are types. Default: `"sender"`.
   */
  readonly check?: K | undefined;
}

/** Options of `publish` of a defined queue: its definition decides the channel. */
export type DefinedPublishOptions<I> = Omit<PublishOptions<I>, "channel">;

/** A channel of a queue. Payloads are `I` for publishers and `O` for agents, results `RI` and `RO`. */
export interface DefinedQueue<I, O, RI, RO> {
  /** The channel. */
  readonly channel: string;
  /** As `MessageQueue.publish`. */
  publish(options: DefinedPublishOptions<I>): Promise<PublishedRecord<O>>;
  /** As `MessageQueue.publishAndWait`. */
  publishAndWait(options: DefinedPublishOptions<I>, wait: PublishAndWaitOptions): Promise<RO>;
  /** As `MessageQueue.schedule`. The payload is checked once, now. */
  schedule(
    key: string,
    rule: ScheduleRule,
    message: DefinedPublishOptions<I>,
  ): Promise<ScheduleRecord>;
  /** As `MessageQueue.subscribe`. */
  subscribe(agentId: string, options?: SubscribeOptions): Subscription<O>;
  /** As `MessageQueue.worker`. */
  worker(agentId: string, handler: JobHandler<O, RI>, options?: WorkerOptions): QueueWorker;
  /** As `MessageQueue.acknowledge`. */
  acknowledge(
    message: string | MessageRecord,
    options?: Omit<AcknowledgeOptions, "result"> & { result?: RI },
  ): Promise<boolean>;
}

/** A defined queue that is not yet on a queue object. */
export interface QueueOnAny<I, O, RI, RO> {
  /** The channel. */
  readonly channel: string;
  /** The channel on a queue of any kind, which the program opens and closes. */
  on(queue: MessageQueue): DefinedQueue<I, O, RI, RO>;
}

/** Rejects a definition with what JSON cannot hold: the error of TypeScript is the text of the problem. */
export type JsonDefinition<S extends AnySchema, K extends CheckingSide> =
  SendingProblem<"json", CarriedOf<S, K>> extends infer Problem
    ? [Problem] extends [never] ? unknown : { readonly schema: Problem }
    : never;
