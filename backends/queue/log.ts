/**
 * What queues log: each event has a name and its facts as properties, under the category
 * `["ringbus", "queue"]`.
 *
 * @module
 */

import { getLogger, type Logger } from "@logtape/logtape";

/** The logger of all queues. */
export const logger: Logger = getLogger(["ringbus", "queue"]);
