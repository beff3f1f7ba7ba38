/**
 * Warnings about messages that a subscriber missed.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { logger } from "../base/log.ts";
import { LossReports } from "../base/loss_reports.ts";

/** The reports of a subscriber of a channel, as warnings. */
export function lossWarnings(channel: string): LossReports {
  return new LossReports((count, total) =>
    logger.warn(
      "a subscriber of {channel} missed {messages}, {total} in all: they were overwritten " +
        "before it read them; receive more often, or raise capacityBytes of the publishers",
      { channel, messages: pluralize(count, "message"), count, total },
    )
  );
}
