/**
 * Logging. The LogTape category is `["ringbus"]`, silent unless the application configures it. With
 * `RINGBUS_DEBUG=1` every message and every wait writes a line to standard error.
 *
 * @module
 */

import { countFailures } from "./failure_counts.ts";

type Level = "debug" | "info" | "warn" | "error";

type Properties = Record<string, unknown>;

/** What is used of LogTape's loggers. */
interface AppLogger extends Record<Level, (message: string, properties: Properties) => void> {
  getChild(category: readonly [string, ...string[]]): AppLogger;
  isEnabledFor(level: Level): boolean;
}

/**
 * Where LogTape keeps its root logger for all its copies in a process, from its first use on. To look there
 * instead of importing the package spares programs that do not log 9 MiB and a third of their start.
 */
const ROOT = Symbol.for("logtape.rootLogger");
const shared = globalThis as { [ROOT]?: AppLogger };

/** A logger that never throws: a filter of the application may, and must not end what is logged. */
export class EventLog {
  readonly #category: readonly [string, ...string[]];

  /** Logs in a category. */
  constructor(...category: [string, ...string[]]) {
    this.#category = category;
  }

  /** The application's logger; undefined if it has none. */
  get #logger(): AppLogger | undefined {
    return shared[ROOT]?.getChild(this.#category);
  }

  #log(level: Level, message: string, properties: Properties): void {
    try {
      this.#logger?.[level](message, properties);
    } catch {
      countFailures("log");
    }
  }

  /** True if the application takes what is logged at debug level. */
  get isDebugged(): boolean {
    return this.#logger?.isEnabledFor("debug") ?? false;
  }

  /** Logs what helps to find a fault. */
  debug(message: string, properties: Properties = {}): void {
    this.#log("debug", message, properties);
  }

  /** Logs what an operator wants to know. */
  info(message: string, properties: Properties = {}): void {
    this.#log("info", message, properties);
  }

  /** Logs what may need attention. */
  warn(message: string, properties: Properties = {}): void {
    this.#log("warn", message, properties);
  }

  /** Logs what has failed. */
  error(message: string, properties: Properties = {}): void {
    this.#log("error", message, properties);
  }
}

/** The module's logger. */
export const logger: EventLog = new EventLog("ringbus");

const VARIABLE = "RINGBUS_DEBUG";
const OFF = /^(?:|0|false|no|off)$/i;

/** Without the permission, the variable is not heeded. A program is never asked for it. */
const isReadable =
  Deno.permissions.querySync({ name: "env", variable: VARIABLE }).state === "granted";

/** True if every message and every wait is traced. */
export const tracing: boolean = isReadable && isOn(Deno.env.get(VARIABLE));

function isOn(value: string | undefined): boolean {
  return value !== undefined && !OFF.test(value);
}

/** True if messages are traced, or logged at debug level. A socket asks when it is opened. */
export function logsMessages(): boolean {
  return tracing || logger.isDebugged;
}

/**
 * Logs a message that a socket has received, as `logsMessages` says.
 *
 * @param number its number among the messages of the socket, such as `"#1"`
 */
export function logReceived(channel: string, size: number, number: string): void {
  if (tracing) trace(`received ${size} B on "${channel}", ${number}`);
  logger.debug("message received: size={size} channel={channel}", { size, channel, number });
}

const NOT_HEEDED = "RINGBUS_DEBUG is not heeded: run with --allow-env=RINGBUS_DEBUG";
let isReported = isReadable;

/**
 * Says on standard error, once, that the variable is set and that Deno does not let the program read it.
 *
 * @param environment reads a variable in another way
 */
export function reportUnheeded(environment: (name: string) => string | undefined): void {
  if (isReported || !isOn(environment(VARIABLE))) return;
  isReported = true;
  console.error(`ringbus: ${NOT_HEEDED}`);
}

/** Says in the log that the variable is not heeded, in case it is set: nothing can tell without FFI. */
export function logUnheeded(): void {
  if (isReported || !logger.isDebugged) return;
  isReported = true;
  logger.debug(`if it is set, ${NOT_HEEDED}`);
}

/** Writes one step to standard error. Call it only if `tracing` is true. */
export function trace(step: string): void {
  console.error(`ringbus ${performance.now().toFixed(3)} ms: ${step}`);
}
