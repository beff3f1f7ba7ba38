/**
 * Messages as the command line prints them: a line of JSON after the topic of the message, with the time and the
 * channel on request.
 *
 * @module
 */

import { bytesOf } from "../arguments/numbers.ts";
import { toJsonForm } from "../arguments/json_form.ts";
import { shownTopic } from "./topic.ts";
import { type OptionTable, UsageError } from "../command.ts";
import type { Output } from "../output.ts";

/** Longer binary data is abbreviated on a terminal. */
const TERMINAL_BINARY_BYTES = 256;

/** Options of every command that prints messages. */
export const PRINT_OPTIONS = {
  timestamps: {
    type: "boolean",
    short: "t",
    help: "print the time at which each message was read, too",
  },
  "max-binary": {
    type: "string",
    value: "BYTES",
    help:
      `abbreviate longer binary data, such as 1K; default: ${TERMINAL_BINARY_BYTES} on a terminal, ` +
      "otherwise nothing",
  },
} as const satisfies OptionTable;

/** Values of the options. */
export interface PrintValues {
  readonly timestamps?: boolean;
  readonly "max-binary"?: string;
  readonly raw?: boolean;
}

/** Bytes from which on binary data is abbreviated. */
export function maxBinaryOf(values: PrintValues, { isTerminal }: Output): number {
  const given = bytesOf("max-binary", values["max-binary"]);
  return given ?? (isTerminal ? TERMINAL_BINARY_BYTES : Infinity);
}

/** What is printed of a message besides its value. */
export interface MessageAbout {
  readonly channel?: string | undefined;
  readonly time?: string;
}

/** Prints messages in one manner. */
export class MessagePrinter {
  readonly #output: Output;
  readonly #isRaw: boolean;
  readonly #hasTimes: boolean;
  readonly #hasNames: boolean;
  /** Binary data above this number of bytes is abbreviated. */
  readonly maxBinaryBytes: number;

  /**
   * Of messages of several channels, each has the name of its channel.
   *
   * @throws {UsageError} if options exclude each other, or are invalid
   */
  constructor(output: Output, values: PrintValues, channels = 1) {
    const { raw = false, timestamps = false } = values;
    if (raw && (timestamps || values["max-binary"] !== undefined)) {
      throw new UsageError(
        `give --raw or --${timestamps ? "timestamps" : "max-binary"}, not both`,
      );
    }
    this.#output = output;
    this.#isRaw = raw;
    this.#hasTimes = timestamps;
    this.#hasNames = channels > 1;
    this.maxBinaryBytes = maxBinaryOf(values, output);
  }

  /** Prints a value that was received now: its JSON form, or its bytes. */
  print(value: unknown, channel?: string, topic?: string): void {
    if (this.#isRaw) return this.#bytes(value);
    const form = toJsonForm(value, this.maxBinaryBytes);
    this.form({ ...topic !== undefined && { topic }, value: form }, channel);
  }

  /** The channel and the time of a message that was read now, as far as they are printed. */
  about(channel?: string): MessageAbout {
    return {
      ...this.#hasNames && { channel },
      ...this.#hasTimes && { time: new Date().toISOString() },
    };
  }

  /** Prints a value in its JSON form. With `--json` its facts, if there are any, are in the record, too. */
  form(
    { value, ...facts }: { readonly value: unknown; readonly [fact: string]: unknown },
    channel?: string,
  ): void {
    const about = this.about(channel);
    if (!this.#output.isJson) return this.#line(JSON.stringify(value), about, facts.topic);
    const all = { ...about, ...facts };
    this.#output.json(Object.keys(all).length === 0 ? value : { ...all, value });
  }

  /** Prints a message that was not decoded, as base64. */
  encoded(bytes: string, facts: Readonly<Record<string, unknown>>, channel: string): void {
    const about = this.about(channel);
    if (this.#output.isJson) this.#output.json({ ...about, ...facts, bytes });
    else this.#line(bytes, about, facts.topic);
  }

  #line(line: string, { time, channel }: MessageAbout, topic: unknown): void {
    const shown = typeof topic === "string" ? shownTopic(topic) : undefined;
    const before = [time, channel, shown].filter((part) => part !== undefined);
    const prefix = before.map((part) => `${this.#output.paint("dim", part)} `).join("");
    this.#output.print(prefix + line);
  }

  #bytes(value: unknown): void {
    if (value instanceof Uint8Array) this.#output.write(value);
    else throw new TypeError(`--raw writes bytes, and this message is not bytes: ${typeof value}`);
  }
}
