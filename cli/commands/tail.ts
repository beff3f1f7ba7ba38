/**
 * `ringbus tail`: prints messages without taking them.
 *
 * @module
 */

import { TIMEOUT_OPTION, timeoutOf } from "../arguments/channel_options.ts";
import { defineCommand } from "../command.ts";
import { toJsonForm } from "../arguments/json_form.ts";
import { numberOf } from "../arguments/numbers.ts";
import { MessagePrinter, PRINT_OPTIONS } from "../messages/printer.ts";
import { together } from "../messages/together.ts";
import { namesMatching, openChannel, waitForChannel } from "../observe/open.ts";
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
  usage: "NAME...",
  description: `Prints the messages of channels as lines of JSON, until Ctrl-C or the channels are
deleted; of several channels, with the NAME of each message's channel. A pattern such as 'robot.*'
names the channels that there are now. It reads them in place and does not attach: it takes nothing from a queue, and no sender
waits for it. Reports on the standard error stream how many messages were overwritten before it read
them. The topic of a message stands before it. With --json each line also has the sender's lane, and the message's number on that lane.`,
  examples: [[
    "ringbus tail jobs --since oldest --limit 3",
    "print the three oldest messages of a queue, and take none",
  ], [
    "ringbus tail robot.pose --wait --json",
    "print a channel as soon as it exists, with lanes and numbers",
  ], ["ringbus tail jobs 'robot.*' --timestamps", "print several channels, and when"]],
  options: {
    ...WATCH_OPTIONS,
    ...TIMEOUT_OPTION,
    ...PRINT_OPTIONS,
    raw: { type: "boolean", help: "print the bytes of each message, not decoded, as base64" },
    wait: {
      type: "boolean",
      short: "w",
      help: "wait for a channel that does not exist, and continue with the next one of that name",
    },
  },
  arity: [1, Infinity],
  async run({ values, arguments: words, output, signal }) {
    const limits = {
      messages: numberOf("limit", values.limit, { min: 1 }),
      timeoutMs: timeoutOf(values),
    };
    const since = sinceOf(values.since);
    const names = namesMatching(words);
    const { raw: isRaw = false, wait = false, ...printing } = values;
    const printer = new MessagePrinter(output, printing, names.length);
    using watch = new Watch(names, output, limits, signal);
    const follow = async (name: string) => {
      let begin = since;
      do {
        using file = wait ? await waitForChannel(name, watch.signal) : openChannel(name);
        if (file === undefined) break;
        const reader = new ChannelReader(file, name, begin);
        begin = "oldest";
        const handler = new TailHandler({ output, printer, name, reader, isRaw });
        await watch.follow(name, file, reader, handler);
      } while (wait && !watch.signal.aborted);
    };
    await together(names.map((name) => () => follow(name)), () => watch.end());
    watch.throwIfTimedOut();
  },
});

/** What a handler needs. */
interface Tail {
  readonly output: Output;
  readonly printer: MessagePrinter;
  readonly name: string;
  readonly reader: ChannelReader;
  /** True if the bytes are not decoded. */
  readonly isRaw: boolean;
}

/** Prints the messages of a channel. */
class TailHandler implements WatchHandler {
  readonly #tail: Tail;
  #decoder: Decoder | undefined;

  constructor(tail: Tail) {
    this.#tail = tail;
    const { codecId } = tail.reader.config;
    if (!tail.isRaw && codecId !== UNCHOSEN) this.#decoder = this.#decoderOf(codecId);
  }

  #decoderOf(codecId: string): Decoder {
    if (builtInCodec(codecId) !== undefined) return new Decoder({ codecId });
    throw new ShmSerializationError(
      `cannot decode the messages of channel "${this.#tail.name}": its codec "${codecId}" is not ` +
        `built in; give --raw to see their bytes`,
    );
  }

  message(message: ObservedMessage): void {
    const { lane, sequence, request, topic, bytes } = message;
    const { output, printer, name, isRaw, reader } = this.#tail;
    const facts = output.isJson ? { lane, sequence, ...request } : {};
    const about = topic === undefined ? facts : { ...facts, topic };
    if (isRaw) return printer.encoded(bytes.toBase64(), about, name);
    this.#decoder ??= this.#decoderOf(reader.config.codecId);
    const shown = this.#decoded(message);
    if (shown === undefined) return;
    const { header, value } = shown;
    printer.form({ ...about, ...header !== undefined && { header }, value }, name);
  }

  /** Decodes a message. Undefined, with a notice, if the bytes are not a value. */
  #decoded(message: ObservedMessage): { header: string | undefined; value: unknown } | undefined {
    const { output, printer: { maxBinaryBytes } } = this.#tail;
    try {
      const { header, ...content } = splitHeader(message);
      return { header, value: toJsonForm(this.#decoder!.decode(content), maxBinaryBytes) };
    } catch (error) {
      output.notice(messageOf(error));
      return undefined;
    }
  }

  missed(count: number): void {
    const { output, name, printer } = this.#tail;
    if (output.isJson) output.json({ ...printer.about(name), missed: count });
  }
}
