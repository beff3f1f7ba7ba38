/**
 * Receiving and printing messages, for every subcommand that does.
 *
 * @module
 */

import { TIMEOUT_OPTION, timeoutOf } from "../arguments/channel_options.ts";
import type { OptionTable } from "../command.ts";
import { numberOf } from "../arguments/numbers.ts";
import type { Output } from "../output.ts";
import { type MessagePrinter, PRINT_OPTIONS } from "./printer.ts";
import { together } from "./together.ts";
import { startTimer } from "../../lib/base/timer.ts";
import { ShmTimeoutError } from "../../lib/base/errors.ts";
import type { WaitOptions } from "../../lib/base/options.ts";

/** Options of every subcommand that prints messages. */
export const RECEIVE_OPTIONS = {
  ...TIMEOUT_OPTION,
  limit: { type: "string", short: "n", value: "N", help: "end after this many messages" },
  raw: { type: "boolean", help: "write the bytes of messages without line ends" },
  ...PRINT_OPTIONS,
} as const satisfies OptionTable;

/** A message, and a function to call when it is printed. */
export interface Received {
  readonly value: unknown;
  readonly topic?: string | undefined;
  printed?(): void;
}

/** How to receive and print. */
export interface Receiving {
  readonly limit: number;
  readonly timeoutMs: number | undefined;
}

/** Where to print, and until when. */
export interface Printing {
  readonly output: Output;
  readonly printer: MessagePrinter;
  readonly signal: AbortSignal;
}

/**
 * Reads how to receive and print from the options.
 *
 * @throws {UsageError} if a value is invalid
 */
export function receivingOf(
  values: { limit?: string; "timeout-ms"?: string },
): Receiving {
  return {
    limit: numberOf("limit", values.limit, { min: 1 }) ?? Infinity,
    timeoutMs: timeoutOf(values),
  };
}

/** Receives and prints until the limit is reached or the signal aborts. */
export async function receiveAll(
  { limit, timeoutMs }: Receiving,
  { output, printer, signal }: Printing,
  receive: (wait: WaitOptions) => Promise<Received>,
): Promise<void> {
  for (let count = 0; count < limit && !signal.aborted; count++) {
    const message = await unlessAborted(() => receive({ signal, timeoutMs }), signal);
    if (message === undefined) return;
    printer.print(message.value, undefined, message.topic);
    if (await output.flush(signal)) message.printed?.();
  }
}

/** A channel, and a function that receives its next message. */
export interface Source {
  readonly name: string;
  receive(wait: WaitOptions): Promise<Received>;
}

/**
 * Receives from several channels at once, and prints, until the limit is reached or the signal aborts.
 *
 * @throws {ShmTimeoutError} if no message arrives on any of them in time
 */
export async function receiveFrom(
  sources: readonly Source[],
  { limit, timeoutMs = Infinity }: Receiving,
  { output, printer, signal }: Printing,
): Promise<void> {
  const end = new AbortController();
  const ended = AbortSignal.any([signal, end.signal]);
  let [count, isLate] = [0, false];
  const startWait = () =>
    startTimer(timeoutMs, () => {
      isLate = true;
      end.abort();
    });
  let endWait = startWait();
  const follow = async ({ name, receive }: Source) => {
    while (!ended.aborted) {
      const message = await unlessAborted(() => receive({ signal: ended }), ended);
      if (message === undefined || count >= limit) return;
      count++;
      endWait();
      endWait = startWait();
      printer.print(message.value, name, message.topic);
      if (await output.flush(signal)) message.printed?.();
      if (count >= limit) end.abort();
    }
  };
  try {
    await together(sources.map((source) => () => follow(source)), () => end.abort());
  } finally {
    endWait();
  }
  if (isLate) throw noMessageError(sources.map(({ name }) => name), timeoutMs);
}

/** The error for no message in time. */
export function noMessageError(names: readonly string[], timeoutMs: number): ShmTimeoutError {
  const channels = names.map((name) => JSON.stringify(name)).join(", ");
  return new ShmTimeoutError(
    `no message arrived on channel ${channels} within ${timeoutMs} ms`,
  );
}

/** Undefined if the signal aborted meanwhile. */
export async function unlessAborted<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
