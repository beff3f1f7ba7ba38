/**
 * The end of a process: open sockets are closed on every way out on which code still runs, so that
 * no segment is left behind. What a killed process leaves, the next one that attaches removes.
 *
 * A SIGTERM listener would keep a process alive that never returns to its event loop, so the
 * default action is put back whenever a call blocks, until the event loop turns again.
 *
 * @module
 */

import { platform } from "./platform/mod.ts";

/** Something to close at the end. */
export interface Closable {
  close(): void;
}

const open = new Set<Closable>();
let isListening = false;
let isBlocked = false;
let isManagingSignals = true;

/** Remembers a socket until `forget`. */
export function remember(socket: Closable): void {
  open.add(socket);
  listenAnew();
}

/** Forgets a closed socket; with the last one all listeners go. */
export function forget(socket: Closable): void {
  open.delete(socket);
  if (open.size === 0) stopListening();
}

/**
 * Says whether Ringbus closes its sockets on SIGTERM and then lets the signal end the process; it
 * does unless told otherwise. A program with a SIGTERM listener of its own turns it off and
 * closes its sockets itself.
 *
 * @example
 * ```ts
 * import { manageSignals } from "@ringbus/ringbus";
 *
 * manageSignals(false);
 * ```
 */
export function manageSignals(enabled: boolean): void {
  const wasListening = isListening;
  if (wasListening) stopListening();
  isManagingSignals = enabled;
  if (wasListening) listenAnew();
}

/** Our listeners are always the youngest: they see whether the program handled an error itself. */
function listenAnew(): void {
  for (const kind of ERRORS) {
    globalThis.removeEventListener(kind, onError);
    globalThis.addEventListener(kind, onError);
  }
  if (isListening) return;
  isListening = true;
  globalThis.addEventListener("unload", closeAll);
  if (isManagingSignals) Deno.addSignalListener("SIGTERM", onTerm);
}

const ERRORS = ["error", "unhandledrejection"] as const;

function stopListening(): void {
  if (!isListening) return;
  isListening = false;
  for (const kind of ERRORS) globalThis.removeEventListener(kind, onError);
  globalThis.removeEventListener("unload", closeAll);
  if (!isManagingSignals) return;
  unblockTerm();
  Deno.removeSignalListener("SIGTERM", onTerm);
}

function closeAll(): void {
  for (const socket of [...open]) {
    try {
      socket.close();
    } catch {
      // The process ends: the other sockets still have a claim to be closed.
    }
  }
}

function onError(event: Event): void {
  if (!event.defaultPrevented) closeAll();
}

function onTerm(): void {
  closeAll();
  platform().raiseTerm();
}

/** Lets SIGTERM end the process at once until the event loop turns again. */
export function blockTerm(): void {
  if (!isListening || !isManagingSignals || isBlocked) return;
  isBlocked = true;
  platform().defaultTerm();
  queueRestore();
}

function queueRestore(): void {
  const timer = setTimeout(unblockTerm, 0);
  Deno.unrefTimer(timer);
}

function unblockTerm(): void {
  if (!isBlocked) return;
  isBlocked = false;
  platform().restoreTerm();
}
