/**
 * Receiving and printing, for every subcommand that does.
 *
 * @module
 */

import { TIMEOUT_OPTION, timeoutOf } from "../arguments/channel_options.ts";
import type { OptionTable } from "../command.ts";
import { toJsonForm } from "../arguments/json_form.ts";
import { numberOf } from "../arguments/numbers.ts";
import type { Output } from "../output.ts";
import type { WaitOptions } from "../../lib/base/options.ts";

/** Options of everyone who prints messages. */
export const RECEIVE_OPTIONS = {
  ...TIMEOUT_OPTION,
  limit: { type: "string", short: "n", value: "N", help: "end after so many messages" },
  raw: { type: "boolean", help: "write the bytes of messages as they are, without line ends" },
} as const satisfies OptionTable;

/** A message, and what to do once it is printed. */
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
 * How to receive and print, as it was asked for.
 *
 * @throws {UsageError} if a value is none of those allowed
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

/** Receives and prints until the limit is reached or the program is asked to end. */
export async function receiveAll(
  { limit, isRaw, timeoutMs }: Receiving,
  { output, signal }: { output: Output; signal: AbortSignal },
  receive: (wait: WaitOptions) => Promise<Received>,
): Promise<void> {
  for (let count = 0; count < limit && !signal.aborted; count++) {
    const message = await unlessAborted(() => receive({ signal, timeoutMs }), signal);
    if (message === undefined) return;
    printMessage(output, message.value, isRaw);
    message.printed?.();
  }
}

/** Undefined if the program was asked to end meanwhile. */
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
  else throw new TypeError(`--raw writes bytes, and this message is none: ${typeof value}`);
}
