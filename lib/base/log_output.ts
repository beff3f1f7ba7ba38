/**
 * The log of programs that are Ringbus' own: the command line, and servers in a worker or a process.
 * There no application configures it.
 *
 * @module
 */

import { configure, type LogRecord, reset } from "@logtape/logtape";
import { messageOf } from "./thrown.ts";

/** A record that is shown. */
export interface ShownRecord {
  readonly level: "warning" | "error";
  readonly text: string;
}

/** Shows the warnings and errors of the log, until it is disposed. */
export async function showLog(show: (record: ShownRecord) => void): Promise<AsyncDisposable> {
  await configure({
    sinks: { shown: (record: LogRecord) => show(shownOf(record)) },
    loggers: [
      { category: ["ringbus"], lowestLevel: "warning", sinks: ["shown"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
    ],
  });
  return { [Symbol.asyncDispose]: reset };
}

function shownOf({ level, message }: LogRecord): ShownRecord {
  const parts = message.map((part) => typeof part === "object" ? messageOf(part) : `${part}`);
  return { level: level === "warning" ? "warning" : "error", text: parts.join("") };
}
