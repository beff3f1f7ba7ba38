/**
 * Logging: LogTape's category `["ringbus"]`, silent unless the application configures it, and with
 * `RINGBUS_DEBUG=1` a line on standard error for every message and every wait.
 *
 * @module
 */

import { getLogger, type Logger } from "@logtape/logtape";

/** The module's logger. */
export const logger: Logger = getLogger(["ringbus"]);

/** True when every message and wait is to be told. */
export const tracing: boolean = readFlag();

function readFlag(): boolean {
  const permission = Deno.permissions.querySync({ name: "env", variable: "RINGBUS_DEBUG" });
  return permission.state === "granted" && Deno.env.get("RINGBUS_DEBUG") === "1";
}

/** Tells one step on standard error; call it only when `tracing`. */
export function trace(step: string): void {
  console.error(`ringbus ${performance.now().toFixed(3)} ms: ${step}`);
}
