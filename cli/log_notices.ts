/**
 * The log of Ringbus on the standard error stream, for commands that run servers.
 *
 * @module
 */

import { configure, type LogRecord, reset } from "@logtape/logtape";
import { messageOf } from "../lib/base/thrown.ts";
import type { Output } from "./output.ts";

/** Prints the warnings and errors of the log as notices, until it is disposed. */
export async function showLog(output: Output): Promise<AsyncDisposable> {
  await configure({
    sinks: { notices: (record: LogRecord) => output.notice(textOf(record)) },
    loggers: [
      { category: ["ringbus"], lowestLevel: "warning", sinks: ["notices"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
    ],
  });
  return { [Symbol.asyncDispose]: reset };
}

function textOf({ level, message }: LogRecord): string {
  const parts = message.map((part) => typeof part === "object" ? messageOf(part) : `${part}`);
  return `${level}: ${parts.join("")}`;
}
