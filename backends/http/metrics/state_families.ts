/**
 * The metrics of shared states.
 *
 * @module
 */

import type { Family, ValueFamily } from "./family.ts";
import type { StateView } from "./state_view.ts";

/** A metric with a series for each state of which its value is known. */
function ofState(
  name: string,
  help: string,
  read: (state: StateView) => number | null | undefined,
): ValueFamily {
  return {
    name,
    type: "gauge",
    help,
    labels: ["state"],
    read: ({ states }) =>
      states.flatMap((state) => {
        const value = read(state);
        return typeof value === "number" ? [{ labels: { state: state.name }, value }] : [];
      }),
  };
}

/** The metrics. */
export const STATE_FAMILIES: readonly Family[] = [
  ofState(
    "ringbus_state_up",
    "Whether a shared state has answered",
    ({ info }) => Number(info !== undefined),
  ),
  ofState(
    "ringbus_state_threads",
    "Threads with buffers in a shared state",
    ({ info }) => info?.threads,
  ),
  ofState(
    "ringbus_state_max_threads",
    "Most threads that a shared state may have",
    ({ info }) => info?.maxThreads,
  ),
  ofState(
    "ringbus_state_chains",
    "Chains in the registry of a shared state",
    ({ info }) => info?.pairs,
  ),
];
