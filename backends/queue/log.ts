/**
 * The log of queues, in the category `["ringbus", "queue"]`. Each event has a name, and its facts as
 * properties.
 *
 * @module
 */

import { EventLog } from "../../lib/base/log.ts";

/** The logger of all queues. */
export const logger: EventLog = new EventLog("ringbus", "queue");
