/**
 * The log of shared state, in the category `["ringbus", "state"]`. Each event has a name, and its facts as
 * properties.
 *
 * @module
 */

import { EventLog } from "../../lib/base/log.ts";

/** The logger of all backends. */
export const logger: EventLog = new EventLog("ringbus", "state");
