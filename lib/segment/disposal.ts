/**
 * Whether a segment may be deleted. What cannot be read may hold messages: only a segment whose header
 * and tables are intact is known to be empty.
 *
 * @module
 */

import type { ByteSource } from "./byte_source.ts";
import { parseConfig } from "./format.ts";
import { geometryOf, isDrained } from "./tables.ts";

/**
 * True if a segment may be deleted with its last participant: it is not persistent, and a queue holds no
 * message.
 */
export function isDisposable(source: ByteSource): boolean {
  const config = parseConfig(source);
  if ("problem" in config || config.persist) return false;
  return config.kind !== "queue" || isDrained(source, geometryOf(config.capacity));
}
