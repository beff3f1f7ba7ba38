/**
 * Whether Ringbus listens for signals that end the process.
 *
 * @module
 */

let isManaging = true;

/** True unless the program has turned it off with `manageSignals(false)`. */
export function areSignalsManaged(): boolean {
  return isManaging;
}

/** Sets it for what is opened from now on. */
export function setSignalsManaged(enabled: boolean): void {
  isManaging = enabled;
}
