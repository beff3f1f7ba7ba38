/**
 * The end of a process: open sockets are closed on every way out on which code still runs, so that
 * no segment is left behind. What a killed process leaves, the next one that attaches removes.
 *
 * A SIGTERM listener would keep a process alive that never returns to its event loop, so the
 * default action is put back whenever a call blocks, or a program polls for long, until the event loop
 * turns again.
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
  hookWorkerClose();
  if (isManagingSignals) Deno.addSignalListener("SIGTERM", onTerm);
}

const ERRORS = ["error", "unhandledrejection"] as const;

function stopListening(): void {
  if (!isListening) return;
  isListening = false;
  for (const kind of ERRORS) globalThis.removeEventListener(kind, onError);
  globalThis.removeEventListener("unload", closeAll);
  unhookWorkerClose();
  forgetAbsence();
  if (!isManagingSignals) return;
  unblockTerm();
  Deno.removeSignalListener("SIGTERM", onTerm);
}

/** What the global object of a worker offers. */
const scope = globalThis as unknown as { close(): void; DedicatedWorkerGlobalScope?: unknown };
const ownClose = scope.close;

/** A worker that calls `close()` sees no `unload`. */
function hookWorkerClose(): void {
  if (scope.DedicatedWorkerGlobalScope !== undefined) scope.close = closeWorker;
}

function unhookWorkerClose(): void {
  if (scope.close === closeWorker) scope.close = ownClose;
}

function closeWorker(): void {
  closeAll();
  ownClose.call(globalThis);
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

/** Milliseconds for the other isolates of this process, which hear of the signal as we do. */
const OTHERS_CLOSE_MS = 20;

/** Sleeps without a turn of the event loop: nobody shall see the sockets closed and the program live. */
function onTerm(): void {
  closeAll();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OTHERS_CLOSE_MS);
  platform().raiseTerm();
}

/** Calls that do not block, between two looks at whether the event loop still turns. */
const POLLS_PER_LOOK = 1024;
/** Milliseconds after which a program that did not come back to its event loop may never do so. */
const ABSENT_MS = 50;

let pollsLeft = POLLS_PER_LOOK;
let absentSinceMs = 0;
let returnTimer: ReturnType<typeof setTimeout> | undefined;

/** Counts a call that returns at once: a program that only polls is as deaf as one that blocks. */
export function notePoll(): void {
  if (--pollsLeft <= 0) lookForAbsence();
}

function lookForAbsence(): void {
  pollsLeft = POLLS_PER_LOOK;
  if (!isListening || isBlocked) return;
  const now = performance.now();
  if (returnTimer === undefined) {
    absentSinceMs = now;
    returnTimer = setTimeout(forgetAbsence, 0);
    Deno.unrefTimer(returnTimer);
  } else if (now - absentSinceMs > ABSENT_MS) blockTerm();
}

function forgetAbsence(): void {
  clearTimeout(returnTimer);
  returnTimer = undefined;
}

let restoreTimer: ReturnType<typeof setTimeout> | undefined;

/** Lets SIGTERM end the process at once until the event loop turns again. */
export function blockTerm(): void {
  if (!isListening || !isManagingSignals || isBlocked) return;
  isBlocked = true;
  platform().defaultTerm();
  restoreTimer = setTimeout(unblockTerm, 0);
  Deno.unrefTimer(restoreTimer);
}

function unblockTerm(): void {
  if (!isBlocked) return;
  isBlocked = false;
  clearTimeout(restoreTimer);
  platform().restoreTerm();
}
