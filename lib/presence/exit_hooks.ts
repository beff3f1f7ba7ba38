/**
 * Closes open sockets when the process ends in a way on which code still runs, so that no segment is
 * left behind. What a killed process leaves, the next process that attaches removes.
 *
 * A SIGTERM listener does not run while a call blocks, or while a program polls in a loop. So the
 * signal's action is made one-shot: the kernel restores the default action when it delivers the signal.
 * Every wait checks whether it has done so, and so does a loop of messages or empty polls, every 20 ms.
 *
 * @module
 */

import { flag } from "../base/option_checks.ts";
import { checkIfDue, hasRemainingIsolate, isolateDirectories } from "./isolate.ts";
import { platform } from "../platform/mod.ts";

/** An object that is closed when the process ends. */
export interface Closable {
  close(): void;
}

const open = new Set<Closable>();
let isListening = false;
let isManagingSignals = true;

/** Registers an open socket. */
export function register(socket: Closable): void {
  open.add(socket);
  refreshListeners();
}

/** Unregisters a closed socket. The listeners are removed with the last one. */
export function unregister(socket: Closable): void {
  open.delete(socket);
  if (open.size === 0) stopListening();
}

/**
 * Sets whether Ringbus closes its sockets on SIGTERM and then lets the signal end the process. Default:
 * true. A program with a SIGTERM listener of its own turns this off and closes its sockets itself.
 *
 * @example
 * ```ts
 * import { manageSignals } from "@ringbus/ringbus";
 *
 * manageSignals(false);
 * ```
 */
export function manageSignals(enabled: boolean): void {
  flag("enabled", enabled);
  const wasListening = isListening;
  if (wasListening) stopListening();
  isManagingSignals = enabled;
  if (wasListening) refreshListeners();
}

/** Keeps the error listeners last: they then see whether the program has handled an error itself. */
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

/** The global object; in a worker it has `close`. */
const scope = globalThis as unknown as { close(): void; DedicatedWorkerGlobalScope?: unknown };
const originalClose = scope.close;

/** In a worker, `close()` dispatches no `unload` event. */
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
      // The process ends: the other sockets are still to be closed.
    }
  }
}

function onError(event: Event): void {
  if (!event.defaultPrevented) closeAll();
}

/** Milliseconds in which the other isolates of this process, which get the signal too, may close. */
const ISOLATES_CLOSE_TIMEOUT_MS = 500;
const ISOLATES_POLL_MS = 5;

function onSigterm(): void {
  const directories = isolateDirectories();
  closeAll();
  waitForIsolates(directories);
  platform().raiseSigterm();
}

/** Sleeps without a turn of the event loop, so that no code of the program runs with closed sockets. */
function waitForIsolates(directories: string[]): void {
  const sleepWord = new Int32Array(new SharedArrayBuffer(4));
  const deadline = performance.now() + ISOLATES_CLOSE_TIMEOUT_MS;
  do Atomics.wait(sleepWord, 0, 0, ISOLATES_POLL_MS); while (
    hasRemainingIsolate(directories) && performance.now() < deadline
  );
}

/** Ends the process if SIGTERM was delivered and its listener could not run. */
export function exitIfTerminated(): void {
  if (isListening && isManagingSignals && platform().isSigtermDelivered()) onSigterm();
}

/** Milliseconds between two checks for a signal in a loop. Each one is a system call. */
const CHECK_INTERVAL_MS = 20;
/** Most calls between two readings of the clock, less one. It is a mask: a power of two, less one. */
const MAX_CALLS_MASK = 255;
/** Calls that take longer than this from one reading to the next read the clock each time. */
const SLOW_MS = 10;

let callsMask = 0;
let readAtMs = 0;
let checkedAtMs = 0;
let emptyPolls = 0;

/**
 * Counts a message of a socket: while a program sends or receives in a loop, no listener and no timer
 * runs. The faster the calls, the fewer of them read the clock.
 */
export function checkSignals(calls: number): void {
  if ((calls & callsMask) === 0) readClock();
}

/** As `checkSignals`, at an attempt that found no message, or no space: between two, a program may sleep. */
export function checkSignalsOnPoll(): void {
  checkSignals(++emptyPolls);
}

function readClock(): void {
  const nowMs = performance.now();
  const elapsedMs = nowMs - readAtMs;
  readAtMs = nowMs;
  if (elapsedMs >= SLOW_MS) callsMask = 0;
  else if (elapsedMs < 1) callsMask = Math.min(2 * callsMask + 1, MAX_CALLS_MASK);
  if (nowMs - checkedAtMs < CHECK_INTERVAL_MS) return;
  checkedAtMs = nowMs;
  checkSurroundings();
}

/** Checks for a signal, and whether the files of this process are still there. */
export function checkSurroundings(): void {
  exitIfTerminated();
  checkIfDue();
}
