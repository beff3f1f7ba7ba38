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

import { hasRemainingIsolate, isolateDirectories } from "./isolate.ts";
import { platform } from "../platform/mod.ts";

/** Something to close at the end. */
export interface Closable {
  close(): void;
}

const open = new Set<Closable>();
let isListening = false;
let isManagingSignals = true;

/** Remembers a socket until `forget`. */
export function register(socket: Closable): void {
  open.add(socket);
  refreshListeners();
}

/** Forgets a closed socket; with the last one all listeners go. */
export function unregister(socket: Closable): void {
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
  if (wasListening) refreshListeners();
}

/** Our listeners are always the youngest: they see whether the program handled an error itself. */
function refreshListeners(): void {
  for (const kind of ERRORS) {
    globalThis.removeEventListener(kind, onError);
    globalThis.addEventListener(kind, onError);
  }
  if (isListening) return;
  isListening = true;
  globalThis.addEventListener("unload", closeAll);
  hookWorkerClose();
  if (!isManagingSignals) return;
  Deno.addSignalListener("SIGTERM", onSigterm);
  platform().watchSigterm();
}

const ERRORS = ["error", "unhandledrejection"] as const;

function stopListening(): void {
  if (!isListening) return;
  isListening = false;
  for (const kind of ERRORS) globalThis.removeEventListener(kind, onError);
  globalThis.removeEventListener("unload", closeAll);
  unhookWorkerClose();
  if (!isManagingSignals) return;
  platform().unwatchSigterm();
  Deno.removeSignalListener("SIGTERM", onSigterm);
}

/** What the global object of a worker offers. */
const scope = globalThis as unknown as { close(): void; DedicatedWorkerGlobalScope?: unknown };
const originalClose = scope.close;

/** A worker that calls `close()` sees no `unload`. */
function hookWorkerClose(): void {
  if (scope.DedicatedWorkerGlobalScope !== undefined) scope.close = closeWorker;
}

function unhookWorkerClose(): void {
  if (scope.close === closeWorker) scope.close = originalClose;
}

function closeWorker(): void {
  closeAll();
  originalClose.call(globalThis);
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
const ISOLATES_CLOSE_TIMEOUT_MS = 500;
const ISOLATES_POLL_MS = 5;

function onSigterm(): void {
  const directories = isolateDirectories();
  closeAll();
  waitForIsolates(directories);
  platform().raiseSigterm();
}

/** Sleeps without a turn of the event loop: nobody shall see the sockets closed and the program live. */
function waitForIsolates(directories: string[]): void {
  const sleepWord = new Int32Array(new SharedArrayBuffer(4));
  const deadline = performance.now() + ISOLATES_CLOSE_TIMEOUT_MS;
  do Atomics.wait(sleepWord, 0, 0, ISOLATES_POLL_MS); while (
    hasRemainingIsolate(directories) && performance.now() < deadline
  );
}

/** Ends the process if SIGTERM came and its listener had no chance to run. */
export function exitIfTerminated(): void {
  if (isListening && isManagingSignals && platform().isSigtermDelivered()) onSigterm();
}

/** Messages, or fruitless attempts, between two looks for a signal. */
const CALLS_PER_SIGNAL_CHECK = 1024;
let emptyPolls = 0;

/**
 * Counts the messages of a socket: a program that sends or receives in a loop is as deaf to signals
 * as one that blocks.
 */
export function checkSignals(calls: number): void {
  if ((calls & (CALLS_PER_SIGNAL_CHECK - 1)) === 0) exitIfTerminated();
}

/** Counts an attempt that found nothing, or no room. */
export function checkSignalsOnPoll(): void {
  checkSignals(++emptyPolls);
}
