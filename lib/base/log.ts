/**
 * Logging. The LogTape category is `["ringbus"]`, silent unless the application configures it. With
 * `RINGBUS_DEBUG=1` every message and every wait writes a line to standard error.
 *
 * @module
 */

import { getLogger, type Logger } from "@logtape/logtape";
import { countFailures } from "./failure_counts.ts";

type Level = "debug" | "info" | "warn" | "error";

/** A logger that never throws: a filter of the application may, and must not end what is logged. */
export class EventLog {
  readonly #logger: Logger;

  /** Logs in a category. */
  constructor(...category: [string, ...string[]]) {
    this.#logger = getLogger(category);
  }

  #log(level: Level, message: string, properties: Record<string, unknown>): void {
    try {
      this.#logger[level](message, properties);
    } catch {
      countFailures("log");
    }
  }

  /** Logs what helps to find a fault. */
  debug(message: string, properties: Record<string, unknown> = {}): void {
    this.#log("debug", message, properties);
  }

  /** Logs what an operator wants to know. */
  info(message: string, properties: Record<string, unknown> = {}): void {
    this.#log("info", message, properties);
  }

  /** Logs what may need attention. */
  warn(message: string, properties: Record<string, unknown> = {}): void {
    this.#log("warn", message, properties);
  }

  /** Logs what has failed. */
  error(message: string, properties: Record<string, unknown> = {}): void {
    this.#log("error", message, properties);
  }
}

/** The module's logger. */
export const logger: EventLog = new EventLog("ringbus");

/** True if every message and every wait is traced. */
export const tracing: boolean = readFlag();

function readFlag(): boolean {
  const permission = Deno.permissions.querySync({ name: "env", variable: "RINGBUS_DEBUG" });
  return permission.state === "granted" && Deno.env.get("RINGBUS_DEBUG") === "1";
}

/** Writes one step to standard error. Call it only if `tracing` is true. */
export function trace(step: string): void {
  console.error(`ringbus ${performance.now().toFixed(3)} ms: ${step}`);
}
