/**
 * Who takes part in a run under faults.
 *
 * @module
 */

/** Parts of processes. A peer publishes and consumes. */
export type Role = "publisher" | "peer" | "consumer" | "worker";

/** The processes of a run. */
export const ROLES: readonly Role[] = ["publisher", "peer", "consumer", "consumer", "worker"];
/** Agents that messages are for. */
export const AGENTS: readonly string[] = ["ann", "bob"];
/** The agent that the messages of the schedule are for. */
export const TICKER = "clock";
/** Ordering keys. */
export const KEYS: readonly string[] = ["red", "green", "blue", "gray"];
/** Milliseconds of a lease. */
export const LEASE_MS = 1000;
