/**
 * The options of the subcommands that take part in a channel.
 *
 * @module
 */

import type { OptionTable } from "../command.ts";
import { UsageError } from "../command.ts";
import { bytesOf, numberOf } from "./numbers.ts";
import type { ChannelOptions } from "../../lib/channel/open.ts";
import { CODEC_NAMES, type CodecName } from "../../lib/codecs/builtin.ts";
import { manageSignals } from "../../lib/presence/exit_hooks.ts";

/** Options of everyone who takes part. */
export const CHANNEL_OPTIONS = {
  codec: {
    type: "string",
    value: "NAME",
    help: `${CODEC_NAMES.join(", ")}; default: the channel's, msgpack for a new one`,
  },
  capacity: {
    type: "string",
    value: "BYTES",
    help: "bytes of each sender's ring, such as 64K; else the channel's, 1M for a new one",
  },
  persist: { type: "boolean", help: "keep the channel when its last participant leaves" },
} as const satisfies OptionTable;

/** How long to wait. */
export const TIMEOUT_OPTION = {
  "timeout-ms": { type: "string", value: "MS", help: "give up after so many milliseconds" },
} as const satisfies OptionTable;

/**
 * What a socket is opened with. From here on the program closes its sockets at SIGTERM itself.
 *
 * @throws {UsageError} if a value is none of those allowed
 */
export function channelOptions(
  values: { codec?: string; capacity?: string; persist?: boolean },
): ChannelOptions {
  manageSignals(false);
  const { codec, capacity, persist } = values;
  if (codec !== undefined && !CODEC_NAMES.includes(codec)) {
    throw new UsageError(`--codec takes ${CODEC_NAMES.join(", ")}, not ${JSON.stringify(codec)}`);
  }
  return {
    codec: codec as CodecName | undefined,
    capacityBytes: bytesOf("capacity", capacity),
    persist,
  };
}

/** The time given, or undefined for as long as it takes. */
export function timeoutOf(values: { "timeout-ms"?: string }): number | undefined {
  return numberOf("timeout-ms", values["timeout-ms"]);
}
