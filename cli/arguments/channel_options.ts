/**
 * The options of the subcommands that open a socket.
 *
 * @module
 */

import type { OptionTable } from "../command.ts";
import { UsageError } from "../command.ts";
import { bytesOf, numberOf } from "./numbers.ts";
import { MAX_CAPACITY_BYTES, MIN_CAPACITY_BYTES } from "../../lib/channel/channel_options.ts";
import type { ChannelOptions } from "../../lib/channel/open.ts";
import { CODEC_NAMES, type CodecName } from "../../lib/codecs/builtin.ts";

/** Options of every subcommand that opens a socket that sends. */
export const CHANNEL_OPTIONS = {
  codec: {
    type: "string",
    value: "NAME",
    choices: CODEC_NAMES,
    help: `${CODEC_NAMES.join(", ")}; default: the channel's, msgpack for a new one`,
  },
  capacity: {
    type: "string",
    value: "BYTES",
    help: "bytes of this sender's ring, such as 64K; default: the channel's, 1M for a new one",
  },
  persist: { type: "boolean", help: "keep the channel when its last participant leaves" },
} as const satisfies OptionTable;

/** Options of every subcommand that opens a socket that receives. */
export const RECEIVER_OPTIONS = {
  ...CHANNEL_OPTIONS,
  capacity: {
    ...CHANNEL_OPTIONS.capacity,
    help: "of a new channel: bytes of the rings of senders that name none; default: 1M",
  },
} as const satisfies OptionTable;

/** The option for a timeout. */
export const TIMEOUT_OPTION = {
  "timeout-ms": { type: "string", value: "MS", help: "fail if a wait takes longer" },
} as const satisfies OptionTable;

/**
 * Options of the socket.
 *
 * @throws {UsageError} if a value is invalid
 */
export function channelOptions(
  values: { codec?: string; capacity?: string; persist?: boolean },
): ChannelOptions {
  const { codec, capacity, persist } = values;
  if (codec !== undefined && !CODEC_NAMES.includes(codec)) {
    throw new UsageError(`--codec takes ${CODEC_NAMES.join(", ")}, not ${JSON.stringify(codec)}`);
  }
  return {
    codec: codec as CodecName | undefined,
    capacityBytes: capacityOf(capacity),
    persist,
  };
}

function capacityOf(text: string | undefined): number | undefined {
  const bytes = bytesOf("capacity", text);
  if (bytes === undefined || bytes >= MIN_CAPACITY_BYTES && bytes <= MAX_CAPACITY_BYTES) {
    return bytes;
  }
  throw new UsageError(
    `--capacity takes bytes from ${MIN_CAPACITY_BYTES} to ${MAX_CAPACITY_BYTES}, not ${
      JSON.stringify(text)
    }`,
  );
}

/** Milliseconds of the timeout. Undefined for no timeout. */
export function timeoutOf(values: { "timeout-ms"?: string }): number | undefined {
  return numberOf("timeout-ms", values["timeout-ms"]);
}
