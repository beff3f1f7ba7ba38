/**
 * The options of the subcommands for latest values.
 *
 * @module
 */

import { CHANNEL_OPTIONS, channelOptions } from "../arguments/channel_options.ts";
import type { OptionTable } from "../command.ts";
import type { LatestOptions } from "../../lib/latest/options.ts";

/** Options of every subcommand that opens latest values. */
export const LATEST_OPTIONS = {
  codec: CHANNEL_OPTIONS.codec,
  persist: { type: "boolean", help: "keep the values when the last participant leaves" },
} as const satisfies OptionTable;

/**
 * Options of the latest values.
 *
 * @throws {UsageError} if a value is invalid
 */
export function latestOptions(values: { codec?: string; persist?: boolean }): LatestOptions {
  const { codec, persist } = channelOptions(values);
  return { codec, persist };
}
