/** The clock of the peers, and their end. */
import { endWithParent, openClock } from "../../cli/benchmark/peers/clock.ts";

const LIFETIME_SECONDS = 180;

/** Nanoseconds, on one clock for all processes. */
export const nowNs = openClock();

/** A peer that spins must not outlive a harness that was killed, nor spin for ever by itself. */
export function exitWithHarness(): void {
  endWithParent(LIFETIME_SECONDS);
}
