/**
 * Closes workers at SIGTERM. What becomes of the process, the program decides: it goes on after its workers, and
 * a second signal has its usual effect.
 *
 * @module
 */

import { logger } from "../log.ts";
import { areSignalsManaged } from "../../../lib/base/managed_signals.ts";

const open = new Set<() => void>();

/** Calls `close` at SIGTERM, until the result is called. */
export function closeAtTermination(close: () => void): () => void {
  if (!areSignalsManaged()) return () => {};
  if (open.size === 0) startListening();
  open.add(close);
  return () => {
    if (open.delete(close) && open.size === 0) stopListening();
  };
}

function onSignal(): void {
  for (const close of [...open]) close();
}

/** Counts as a listener of the program: its sockets stay open, too. */
function startListening(): void {
  try {
    Deno.addSignalListener("SIGTERM", onSignal);
  } catch (error) {
    logger.debug("no_signal_listener", { error });
  }
}

function stopListening(): void {
  try {
    Deno.removeSignalListener("SIGTERM", onSignal);
  } catch (error) {
    logger.debug("no_signal_listener", { error });
  }
}
