/**
 * Receiving and printing messages, for every subcommand that does.
 *
 * @module
 */

import { TIMEOUT_OPTION, timeoutOf } from "../arguments/channel_options.ts";
import type { OptionTable } from "../command.ts";
import { toJsonForm } from "../arguments/json_form.ts";
import { numberOf } from "../arguments/numbers.ts";
import type { Output } from "../output.ts";
import type { WaitOptions } from "../../lib/base/options.ts";

/** Options of every subcommand that prints messages. */
export const RECEIVE_OPTIONS = {
  ...TIMEOUT_OPTION,
  limit: { type: "string", short: "n", value: "N", help: "end after this many messages" },
  raw: { type: "boolean", help: "write the bytes of messages without line ends" },
} as const satisfies OptionTable;

/** A message, and a function to call when it is printed. */
export interface Received {
  readonly value: unknown;
  printed?(): void;
}

/** How to receive and print. */
export interface Receiving {
  readonly limit: number;
  readonly isRaw: boolean;
  readonly timeoutMs: number | undefined;
}

/**
 * Reads how to receive and print from the options.
 *
 * @throws {UsageError} if a value is invalid
 */
export function receivingOf(
  values: { limit?: string; raw?: boolean; "timeout-ms"?: string },
): Receiving {
  return {
    limit: numberOf("limit", values.limit, { min: 1 }) ?? Infinity,
    isRaw: values.raw ?? false,
    timeoutMs: timeoutOf(values),
  };
}

/** Receives and prints until the limit is reached or the signal aborts. */
export async function receiveAll(
  { limit, isRaw, timeoutMs }: Receiving,
  { output, signal }: { output: Output; signal: AbortSignal },
  receive: (wait: WaitOptions) => Promise<Received>,
): Promise<void> {
  for (let count = 0; count < limit && !signal.aborted; count++) {
    const message = await unlessAborted(() => receive({ signal, timeoutMs }), signal);
    if (message === undefined) return;
    printMessage(output, message.value, isRaw);
    if (await output.flush(signal)) message.printed?.();
  }
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

/** Prints a message: its JSON form, or its bytes. */
export function printMessage(output: Output, value: unknown, isRaw: boolean): void {
  if (!isRaw) {
    output.json(toJsonForm(value));
    return;
  }
  if (value instanceof Uint8Array) output.write(value);
  else throw new TypeError(`--raw writes bytes, and this message is not bytes: ${typeof value}`);
}
