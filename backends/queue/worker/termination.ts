/**
 * Closes workers at SIGTERM. The program then goes on after `worker.closed`, and ends as it likes. A program
 * that neither ends nor has a listener of its own for the signal is ended by it: the signal is delayed, not
 * swallowed.
 *
 * @module
 */

import { areSignalsManaged } from "../../../lib/base/managed_signals.ts";
import { startIdleTimer } from "../../../lib/base/timer.ts";
import { hasProgramListener } from "../../../lib/presence/program_listeners.ts";
import { logger } from "../log.ts";

const SIGNAL = "SIGTERM";
/** What a shell says of a program that the signal has ended. */
const EXIT_CODE = 128 + 15;
/** How long a program may go on after its workers have closed. */
const END_MS = 5000;

const isMainProgram = !("DedicatedWorkerGlobalScope" in globalThis);
const open = new Set<() => void>();
let isEnding = false;

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
  isEnding = true;
  for (const close of [...open]) close();
}

/** Counts as a listener of the program: its sockets stay open, too. */
function startListening(): void {
  try {
    Deno.addSignalListener(SIGNAL, onSignal);
  } catch (error) {
    logger.debug("no_signal_listener", { error });
  }
}

function stopListening(): void {
  try {
    Deno.removeSignalListener(SIGNAL, onSignal);
  } catch (error) {
    logger.debug("no_signal_listener", { error });
  }
  if (isEnding && isMainProgram) startIdleTimer(END_MS, endProcess);
  isEnding = false;
}

/** The timer keeps no process alive: who ends by itself has ended. */
function endProcess(): void {
  if (open.size > 0 || hasProgramListener(SIGNAL)) return;
  logger.warn("ended_by_signal", { signal: SIGNAL });
  if (Deno.permissions.querySync({ name: "run" }).state === "granted") Deno.kill(Deno.pid, SIGNAL);
  else Deno.exit(EXIT_CODE);
}
