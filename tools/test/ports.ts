/**
 * Gives the servers of a part of a run ports of their own. Preloaded before each test file.
 *
 * @module
 */

import { useShareOfPorts } from "../../testing/ports.ts";

/** The number of the part, and how many there are. */
export const PORTS_VARIABLE = "RINGBUS_TEST_PORTS";

const value = Deno.env.get(PORTS_VARIABLE);
if (value !== undefined) {
  const [part, parts] = value.split("/").map(Number);
  useShareOfPorts(part, parts);
}
