/**
 * The options of commands that publish messages.
 *
 * @module
 */

import { numberOf } from "../arguments/numbers.ts";
import type { OptionTable } from "../command.ts";
import type { PublishOptions } from "../../backends/queue/types.ts";

/** Options of a message. */
export const MESSAGE_OPTIONS = {
  to: {
    type: "string",
    value: "AGENT",
    help: "the agent that it is for; default: all subscribers",
  },
  from: { type: "string", value: "AGENT", help: "the agent that sends it; default: ringbus" },
  priority: { type: "string", value: "N", help: "higher is delivered first; default: 0" },
  "ttl-seconds": { type: "string", value: "S", help: "seconds until it expires" },
  "delay-seconds": { type: "string", value: "S", help: "seconds until it is due" },
  "max-attempts": { type: "string", value: "N", help: "deliveries before it is a dead letter" },
  key: { type: "string", value: "KEY", help: "deliver messages with this key one after the other" },
} as const satisfies OptionTable;

/** Values of the options of a message. */
export interface MessageValues {
  readonly to?: string;
  readonly from?: string;
  readonly priority?: string;
  readonly "ttl-seconds"?: string;
  readonly "delay-seconds"?: string;
  readonly "max-attempts"?: string;
  readonly key?: string;
}

/**
 * What the options say of a message, except its payload.
 *
 * @throws {UsageError} if a value is invalid
 */
export function messageOf(values: MessageValues, channel: string): Omit<PublishOptions, "payload"> {
  const seconds = { min: 0, isFractional: true };
  return withoutUndefined({
    channel,
    sourceAgent: values.from ?? "ringbus",
    targetAgent: values.to,
    priority: numberOf("priority", values.priority, { min: Number.MIN_SAFE_INTEGER }),
    ttlSeconds: numberOf("ttl-seconds", values["ttl-seconds"], seconds),
    delaySeconds: numberOf("delay-seconds", values["delay-seconds"], seconds),
    maxAttempts: numberOf("max-attempts", values["max-attempts"], { min: 1 }),
    orderingKey: values.key,
  });
}

/** An object without the members that are undefined. */
export function withoutUndefined<T extends object>(value: T): Defined<T> {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as Defined<T>;
}

type Defined<T> =
  & { [K in keyof T as undefined extends T[K] ? never : K]: T[K] }
  & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };
