/**
 * `ringbus tail`: prints messages without taking them.
 *
 * @module
 */

import { TIMEOUT_OPTION, timeoutOf } from "../arguments/channel_options.ts";
import { defineCommand } from "../command.ts";
import { toJsonForm } from "../arguments/json_form.ts";
import { numberOf } from "../arguments/numbers.ts";
import { openChannel, waitForChannel } from "../observe/open.ts";
import { sinceOf, Watch, WATCH_OPTIONS, type WatchHandler } from "../observe/watch.ts";
import type { Output } from "../output.ts";
import { ShmSerializationError } from "../../lib/base/errors.ts";
import { builtInCodec, Decoder, splitHeader } from "../../lib/observe/decode.ts";
import { UNCHOSEN } from "../../lib/segment/chosen_codec.ts";
import type { ObservedMessage } from "../../lib/observe/lane_reader.ts";
import { ChannelReader } from "../../lib/observe/reader.ts";
import { messageOf } from "../../lib/base/thrown.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME",
  description: `Prints the messages of channel NAME as lines of JSON, until Ctrl-C or the channel is
deleted. It reads them in place and does not attach: it takes nothing from a queue, and no sender
waits for it. Reports on the standard error stream how many messages were overwritten before it read
them. With --json each line also has the sender's lane, and the message's number on that lane.`,
  examples: [[
    "tail jobs --since oldest --limit 3",
    "print the three oldest messages of a queue, and take none",
  ], [
    "tail robot.pose --wait --json",
    "print a channel as soon as it exists, with lanes and numbers",
  ]],
  options: {
    ...WATCH_OPTIONS,
    ...TIMEOUT_OPTION,
    raw: { type: "boolean", help: "print the bytes of each message, not decoded, as base64" },
    wait: {
      type: "boolean",
      short: "w",
      help: "wait for a channel that does not exist, and continue with the next one of that name",
    },
  },
  arity: [1, 1],
  async run({ values, arguments: [name], output, signal }) {
    const limits = {
      messages: numberOf("limit", values.limit, { min: 1 }),
      timeoutMs: timeoutOf(values),
    };
    let since = sinceOf(values.since);
    using watch = new Watch(name, output, limits, signal);
    do {
      using file = values.wait ? await waitForChannel(name, watch.signal) : openChannel(name);
      if (file === undefined) break;
      const reader = new ChannelReader(file, name, since);
      since = "oldest";
      await watch.follow(file, reader, new Printer(output, name, reader, values.raw ?? false));
    } while (values.wait && !watch.signal.aborted);
    watch.throwIfTimedOut();
  },
});

/** Prints messages. */
class Printer implements WatchHandler {
  readonly #output: Output;
  readonly #name: string;
  readonly #reader: ChannelReader;
  readonly #isRaw: boolean;
  #decoder: Decoder | undefined;

  constructor(output: Output, name: string, reader: ChannelReader, isRaw: boolean) {
    this.#output = output;
    this.#name = name;
    this.#reader = reader;
    this.#isRaw = isRaw;
    const { codecId } = reader.config;
    if (!isRaw && codecId !== UNCHOSEN) this.#decoder = this.#decoderOf(codecId);
  }

  #decoderOf(codecId: string): Decoder {
    if (builtInCodec(codecId) !== undefined) return new Decoder({ codecId });
    throw new ShmSerializationError(
      `cannot decode the messages of channel "${this.#name}": its codec "${codecId}" is not built ` +
        `in; give --raw to see their bytes`,
    );
  }

  message(message: ObservedMessage): void {
    const { lane, sequence, request, bytes } = message;
    if (!this.#isRaw) this.#decoder ??= this.#decoderOf(this.#reader.config.codecId);
    const shown = this.#isRaw ? { bytes: bytes.toBase64() } : this.#decoded(message);
    if (shown === undefined) return;
    if (this.#output.isJson) this.#output.json({ lane, sequence, ...request, ...shown });
    else if ("bytes" in shown) this.#output.print(shown.bytes);
    else this.#output.json(shown.value);
  }

  /** Decodes a message. Undefined, with a notice, if the bytes are not a value. */
  #decoded(message: ObservedMessage): { header: string | undefined; value: unknown } | undefined {
    try {
      const content = splitHeader(message);
      return { header: content.header, value: toJsonForm(this.#decoder!.decode(content)) };
    } catch (error) {
      this.#output.notice(messageOf(error));
      return undefined;
    }
  }

  missed(count: number): void {
    if (this.#output.isJson) this.#output.json({ missed: count });
  }
}
