/**
 * What scripts tell those who listen to events.
 *
 * @module
 */

import { parsePlainJson } from "../../../lib/base/plain_json.ts";
import type { QueueEvent } from "../types.ts";
import { failureOf } from "./replies.ts";

/** An event as a script writes it. */
interface ToldEvent extends Omit<QueueEvent, "reason" | "value"> {
  /** JSON of the reason and the error. */
  readonly failure?: string;
  readonly attempts?: number;
  /** JSON. */
  readonly value?: string;
}

/** The events of a notification. */
export function toEvents(text: string): QueueEvent[] {
  return (parsePlainJson(text) as ToldEvent[]).map(toEvent);
}

function toEvent({ failure, attempts, value, ...event }: ToldEvent): QueueEvent {
  const isFailure = failure !== undefined || attempts !== undefined;
  return {
    ...event,
    ...isFailure && { reason: failureOf(failure ?? "", attempts ?? 0).reason },
    ...value !== undefined && { value: parsePlainJson(value) },
  };
}
