/**
 * Logging. The LogTape category is `["ringbus"]`, silent unless the application configures it. With
 * `RINGBUS_DEBUG=1` every message and every wait writes a line to standard error.
 *
 * @module
 */

import { getLogger, type Logger } from "@logtape/logtape";

/** The module's logger. */
export const logger: Logger = getLogger(["ringbus"]);

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
