/**
 * Messages of a queue as the command line prints them.
 *
 * @module
 */

import { escapeControls } from "../control_characters.ts";
import { type Column, Listing, type ListingRequest } from "../listing/listing.ts";
import type { Output } from "../output.ts";
import type { DeliveryRecord, MessageRecord } from "../../backends/queue/types.ts";

/** Characters of a payload in a table. */
const MOST_PAYLOAD = 60;

/** Prints messages in the form that a request asks for. */
export function printRecords<Record extends MessageRecord | DeliveryRecord>(
  output: Output,
  records: readonly Record[],
  request: ListingRequest,
  extra: readonly Column<Record>[] = [],
): void {
  const listing = new Listing<Record>(
    [
      { heading: "ID", rank: 0, isWhole: true, cell: ({ id }) => printable(id) },
      { heading: "FOR", cell: ({ targetAgent }) => printable(targetAgent ?? "all") },
      { heading: "PRIORITY", rank: 2, cell: ({ priority }) => priority },
      ...extra,
      { heading: "PAYLOAD", rank: 0, cell: ({ payload }) => payloadText(payload) },
    ],
    ({ id }) => id,
    (record) => record,
  );
  listing.print(output, listing.select(records, request), request);
  if (records.length === 0) output.notice("there are no messages");
}

/** A text on one line, without what could control a terminal. */
export function printable(text: string): string {
  return escapeControls(JSON.stringify(text).slice(1, -1));
}

function payloadText(payload: unknown): string {
  const text = escapeControls(JSON.stringify(payload));
  return text.length <= MOST_PAYLOAD ? text : `${text.slice(0, MOST_PAYLOAD - 3)}...`;
}
