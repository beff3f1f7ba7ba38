/**
 * The log of queues, in the category `["ringbus", "queue"]`. Each event has a name, and its facts as
 * properties.
 *
 * @module
 */

import { getLogger, type Logger } from "@logtape/logtape";

/** The logger of all queues. */
export const logger: Logger = getLogger(["ringbus", "queue"]);
