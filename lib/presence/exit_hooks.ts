/**
 * The end of a process: open sockets are closed on every way out on which code still runs, so that
 * no segment is left behind. What a killed process leaves, the next one that attaches removes.
 *
 * A SIGTERM listener never runs while a call blocks, or a program only polls. So the signal's action
 * is made one-shot: the kernel puts the default one back as it delivers the signal, and every wait
 * and every so many polls look whether that has happened.
 *
 * @module
 */

import { agentDirectories, hasAgentLeft } from "./isolate.ts";
import { platform } from "../platform/mod.ts";

/** Something to close at the end. */
export interface Closable {
  close(): void;
}

const open = new Set<Closable>();
let isListening = false;
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
  if (!isManagingSignals) return;
  Deno.addSignalListener("SIGTERM", onTerm);
  platform().watchTerm();
}

const ERRORS = ["error", "unhandledrejection"] as const;

function stopListening(): void {
  if (!isListening) return;
  isListening = false;
  for (const kind of ERRORS) globalThis.removeEventListener(kind, onError);
  globalThis.removeEventListener("unload", closeAll);
  unhookWorkerClose();
  if (!isManagingSignals) return;
  platform().unwatchTerm();
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

/** Milliseconds that the other isolates of this process, which hear of the signal as we do, have. */
const OTHERS_CLOSE_MS = 500;
const OTHERS_LOOK_MS = 5;

function onTerm(): void {
  const directories = agentDirectories();
  closeAll();
  waitForOthers(directories);
  platform().raiseTerm();
}

/** Sleeps without a turn of the event loop: nobody shall see the sockets closed and the program live. */
function waitForOthers(directories: string[]): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  const deadline = performance.now() + OTHERS_CLOSE_MS;
  do Atomics.wait(never, 0, 0, OTHERS_LOOK_MS); while (
    hasAgentLeft(directories) && performance.now() < deadline
  );
}

/** Ends the process if SIGTERM came and its listener had no chance to run. */
export function endIfTermed(): void {
  if (isListening && isManagingSignals && platform().hasTermed()) onTerm();
}

/** Messages, or fruitless attempts, between two looks for a signal. */
const CALLS_PER_LOOK = 1024;
let fruitless = 0;

/**
 * Counts the messages of a socket: a program that sends or receives in a loop is as deaf to signals
 * as one that blocks.
 */
export function noteMessage(messages: number): void {
  if ((messages & (CALLS_PER_LOOK - 1)) === 0) endIfTermed();
}

/** Counts an attempt that found nothing, or no room. */
export function notePoll(): void {
  noteMessage(++fruitless);
}
