/**
 * Warnings about messages that a subscriber missed because its queue was full.
 *
 * @module
 */

import { pluralize } from "../../lib/base/pluralize.ts";
import { logger } from "../../lib/base/log.ts";
import { LossReports } from "../../lib/base/loss_reports.ts";

/** The reports of one subscriber, as warnings. */
export function lossWarnings(name: string, transport: string): LossReports {
  const remedy = transport === "poll" ? "poll more often" : "let the client read faster";
  return new LossReports((count, total) =>
    logger.warn(
      "subscriber {name} ({transport}) missed {messages}, {total} in all: its queue was full; " +
        `${remedy}, or raise maxQueueLength or maxQueueBytes of the server`,
      { name, transport, messages: pluralize(count, "message"), count, total },
    )
  );
}

/** Warns of a subscriber that is disconnected because its queue was full. */
export function warnOfDisconnection(name: string, transport: string, count: number): void {
  logger.warn(
    "subscriber {name} ({transport}) was disconnected, and missed {messages}: its queue was " +
      "full; let the client read faster, or raise maxQueueLength or maxQueueBytes of the server",
    { name, transport, messages: pluralize(count, "message"), count },
  );
}
