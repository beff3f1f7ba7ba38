/**
 * Messages of a queue as the command line prints them.
 *
 * @module
 */

import type { Output } from "../output.ts";
import type { DeliveryRecord, MessageRecord } from "../../backends/queue/types.ts";

/** Characters of a payload in a table. */
const MOST_PAYLOAD = 60;

/** Prints messages: a table, or a record of JSON on each line. */
export function printRecords(
  output: Output,
  records: readonly (MessageRecord | DeliveryRecord)[],
  extra: Readonly<Record<string, (record: never) => string | number>> = {},
): void {
  if (output.isJson) return records.forEach((record) => output.json(record));
  if (records.length === 0) return output.notice("there are no messages");
  const headings = ["id", "for", "priority", ...Object.keys(extra), "payload"];
  output.table(
    headings,
    records.map((record) => [
      printable(record.id),
      printable(record.targetAgent ?? "all"),
      record.priority,
      ...Object.values(extra).map((column) => column(record as never)),
      payloadText(record.payload),
    ]),
  );
}

/** A text without what could control a terminal: JSON escapes it, except the C1 characters. */
export function printable(text: string): string {
  return withoutC1(JSON.stringify(text).slice(1, -1));
}

function withoutC1(text: string): string {
  return text.replace(/[\x7f-\x9f]/g, "\ufffd");
}

function payloadText(payload: unknown): string {
  const text = withoutC1(JSON.stringify(payload));
  return text.length <= MOST_PAYLOAD ? text : `${text.slice(0, MOST_PAYLOAD - 3)}...`;
}
