/**
 * The entries of a queue as JSON.
 *
 * @module
 */

import type { Delivery } from "../../store/subscription.ts";
import { valueToJson } from "../../store/value.ts";

/** The JSON of an entry in the response to a poll and in an event. */
export function entryToJson(delivery: Delivery): string {
  const { topic, pattern } = delivery;
  const through = pattern === undefined
    ? '"type":"message"'
    : `"type":"pmessage","pattern":${JSON.stringify(pattern)}`;
  const name = JSON.stringify(topic);
  if (delivery.kind === "stored") {
    return `{${through},"topic":${name},"data":${delivery.message.text}}`;
  }
  const { value, atMs, headers } = delivery;
  const carried = headers === undefined ? "" : `,"headers":${JSON.stringify(headers)}`;
  const timestamp = atMs / 1000;
  const data = `{"channel":${name},"data":${
    valueToJson(value)
  },"timestamp":${timestamp}${carried}}`;
  return `{${through},"channel":${name},"data":${data}}`;
}
