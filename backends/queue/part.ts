/**
 * The parts of a queue that are loaded when it is opened.
 *
 * @module
 */

import { lazyPart } from "../../lib/base/descriptors.ts";
import { QueueConnectionError } from "./errors.ts";

/** What loads a part of a queue at its first use, and rejects with a `QueueConnectionError` if it cannot. */
export function queuePart<T>(load: () => Promise<T>): () => Promise<T> {
  const part = lazyPart(load);
  return () => part((problem) => new QueueConnectionError(`cannot open the queue: ${problem}`));
}
