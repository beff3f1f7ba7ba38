/**
 * What the metrics show of shared states.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { withTimer } from "../../../lib/base/timer.ts";
import type { SharedBackend } from "../../state/types.ts";

/** Milliseconds that a scrape waits for a state. */
const MAX_WAIT_MS = 2000;

/** What a state says of itself. */
type StateInfo = Awaited<ReturnType<SharedBackend["info"]>>;

/** A shared state at one moment. */
export interface StateView {
  readonly name: string;
  /** Undefined if it did not answer in time. */
  readonly info: StateInfo | undefined;
}

/** States that did not answer the last time: the log has that once. */
const silent = new WeakSet<SharedBackend>();
/** What states were asked and have not answered. One that hangs is not asked again meanwhile. */
const asked = new WeakMap<SharedBackend, Promise<StateInfo>>();

/** Asks all states at the same time. One that cannot answer is told as such. */
export function stateViewsOf(
  states: Readonly<Record<string, SharedBackend>>,
): Promise<StateView[]> {
  return Promise.all(
    Object.entries(states).map(async ([name, state]) => ({
      name,
      info: await inTime(name, state),
    })),
  );
}

function infoOf(state: SharedBackend): Promise<StateInfo> {
  const pending = asked.get(state);
  if (pending !== undefined) return pending;
  const work = Promise.try(() => state.info()).finally(() => asked.delete(state));
  asked.set(state, work);
  return work;
}

async function inTime(name: string, state: SharedBackend): Promise<StateInfo | undefined> {
  const work = infoOf(state);
  work.catch(() => {});
  const { promise: late, resolve: give } = Promise.withResolvers<undefined>();
  try {
    const info = await withTimer(Promise.race([work, late]), MAX_WAIT_MS, () => give(undefined));
    if (info !== undefined) silent.delete(state);
    return info;
  } catch (error) {
    if (!silent.has(state)) {
      logger.warn("cannot read the numbers of shared state {name}: {error}", { name, error });
    }
    silent.add(state);
    return undefined;
  }
}
