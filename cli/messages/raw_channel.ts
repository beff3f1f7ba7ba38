/**
 * Channels whose messages are bytes.
 *
 * @module
 */

import { describeChannel } from "../../lib/observe/registry.ts";

/** True if an open channel has the codec `raw`, whoever chose it. */
export function isRawChannel(name: string): boolean {
  return describeChannel(name)?.codec === "raw";
}
