/**
 * The log records of Ringbus while something runs.
 *
 * @module
 */

import { configure, type LogLevel, type LogRecord, reset } from "@logtape/logtape";

/** Collects the log records of Ringbus while `body` runs. */
export async function collectLog(
  body: (records: readonly LogRecord[]) => void | Promise<void>,
  lowestLevel: LogLevel = "debug",
): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  await configure({
    sinks: { memory: (record: LogRecord) => records.push(record) },
    loggers: [
      { category: ["ringbus"], lowestLevel, sinks: ["memory"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
    ],
  });
  try {
    await body(records);
  } finally {
    await reset();
  }
  return records;
}

/** The texts of the records of a level. */
export function textsOf(records: readonly LogRecord[], level: LogLevel): string[] {
  return records.filter((record) => record.level === level).map(({ message }) => message.join(""));
}
