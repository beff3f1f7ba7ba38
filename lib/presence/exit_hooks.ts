/**
 * Closes open sockets when the process ends in a way on which code still runs, so that no segment is
 * left behind. What a killed process leaves, the next process that attaches removes.
 *
 * At SIGTERM, SIGINT and SIGHUP a program with a listener of its own decides when it ends, and its
 * sockets stay open until then. Otherwise each isolate closes its sockets, removes its listener and raises the
 * signal again. The last one finds that the runtime has no listener, so that the signal has the effect
 * that it has without Ringbus. The runtime also calls the listeners without a signal, when
 * `deno run --watch` starts a program again: there it dispatches `unload` afterwards.
 *
 * A signal listener does not run while a call blocks, or while a program polls in a loop. So the
 * signal's action is made one-shot: the kernel restores the default action when it delivers the signal.
 * Every wait checks whether it has done so, and so does a loop of calls, several times a second.
 *
 * @module
 */

import { checkNoMore } from "../base/checks.ts";
import { flag } from "../base/option_checks.ts";
import { checkIfDue, hasRemainingIsolate, isolateDirectories } from "./isolate.ts";
import { logger } from "../base/log.ts";
import { areSignalsManaged, setSignalsManaged } from "../base/managed_signals.ts";
import { canOpenFiles } from "../platform/descriptors.ts";
import { platform } from "../platform/mod.ts";
import type { EndSignal } from "../platform/platform.ts";
import {
  addOwnListener,
  hasProgramListener,
  publishListeners,
  removeOwnListener,
} from "./program_listeners.ts";
import { isTerminated, markWorkers } from "./termination.ts";

/** An object that is closed when the process ends. */
export interface Closable {
  close(): void;
}

const open = new Set<Closable>();
let isListening = false;
let isStopping = false;

/** Registers an open socket. */
export function register(socket: Closable): void {
  open.add(socket);
  refreshListeners();
}

/**
 * Unregisters a closed socket. After the last one the listeners are removed, unless another one is opened at
 * once: the runtime takes a turn of its event loop to end each of them.
 */
export function unregister(socket: Closable): void {
  open.delete(socket);
  if (open.size > 0 || isStopping) return;
  isStopping = true;
  queueMicrotask(() => {
    isStopping = false;
    if (open.size === 0) stopListening();
  });
}

/**
 * Sets whether Ringbus listens for SIGTERM, SIGINT and SIGHUP. Default: true. It then closes the sockets,
 * and the signal ends the process. If the program has a listener of its own for the signal, the sockets stay
 * open until the process ends; only a call that blocks the event loop meanwhile ends, with
 * `ShmClosedError`. A program that adds its listeners before it loads Ringbus, by a dynamic import, turns
 * this off. Workers of a queue that start afterwards do not close at SIGTERM either.
 *
 * @example
 * ```ts
 * import { manageSignals } from "@ringbus/ringbus";
 *
 * manageSignals(false);
 * ```
 */
export function manageSignals(enabled: boolean): void {
  checkNoMore("manageSignals()", arguments, 1);
  flag("enabled", enabled);
  const wasListening = isListening;
  if (wasListening) stopListening();
  setSignalsManaged(enabled);
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
  if (areSignalsManaged()) SIGNALS.forEach(startListening);
}

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const satisfies EndSignal[];

/** The signals that this isolate listens for. */
const listened = new Map<EndSignal, () => void>();

/** The runtime panics when it has none for its first listener. */
const LISTENER_DESCRIPTORS = 8;
let canListen = false;

function startListening(signal: EndSignal): void {
  canListen ||= canOpenFiles(LISTENER_DESCRIPTORS);
  if (!canListen) {
    logger.warn(
      "no file descriptor is left to listen for {signal}: what it leaves behind, the next process removes",
      { signal },
    );
    return;
  }
  const listener = () => onListenerCalled(signal);
  addOwnListener(signal, listener);
  listened.set(signal, listener);
  platform().watchSignal(signal);
  publishListeners(signal);
}

function stopListeningFor(signal: EndSignal, listener: () => void): void {
  listened.delete(signal);
  blockedSinceMs.delete(signal);
  platform().unwatchSignal(signal);
  removeOwnListener(signal, listener);
}

const ERRORS = ["error", "unhandledrejection"] as const;

function stopListening(): void {
  if (!isListening) return;
  isListening = false;
  for (const kind of ERRORS) globalThis.removeEventListener(kind, onError);
  globalThis.removeEventListener("unload", closeAll);
  unhookWorkerClose();
  for (const [signal, listener] of listened) stopListeningFor(signal, listener);
}

/** The global object; in a worker it has `close`. */
const scope = globalThis as unknown as { close(): void; DedicatedWorkerGlobalScope?: unknown };
const originalClose = scope.close;
const isWorker = scope.DedicatedWorkerGlobalScope !== undefined;

/** In a worker, `close()` dispatches no `unload` event. */
function hookWorkerClose(): void {
  if (isWorker) scope.close = endWorker;
}

function unhookWorkerClose(): void {
  if (scope.close === endWorker) scope.close = originalClose;
}

/** Stops this worker, also one that was terminated: its code ends at its next step, also in a loop. */
export function endWorker(): void {
  closeAll();
  markWorkers();
  originalClose.call(globalThis);
}

/** Stops this worker if it was terminated, at a call that sends and receives nothing; true if it was. */
export function endIfTerminated(): boolean {
  const isEnding = isTerminated();
  if (isEnding) endWorker();
  return isEnding;
}

function closeAll(): void {
  for (const socket of [...open]) {
    try {
      socket.close();
    } catch {
      // The process ends: the other sockets are still to be closed.
    }
  }
  // No microtask runs any more where an isolate ends.
  if (open.size === 0) stopListening();
}

function onError(event: Event): void {
  if (!event.defaultPrevented) closeAll();
}

/** Milliseconds in which the other isolates of this process, which get the signal too, may close. */
const ISOLATES_CLOSE_TIMEOUT_MS = 500;
const ISOLATES_POLL_MS = 5;

/** Milliseconds in which a signal that was raised ends the process. */
const SIGNAL_TIMEOUT_MS = 500;
/** Milliseconds for which a call may block before it ends for the sake of the program's listener. */
const LISTENER_TIMEOUT_MS = 500;

/** When a signal was found that the program's listener had not handled yet. */
const blockedSinceMs = new Map<EndSignal, number>();
const sleepWord = new Int32Array(new SharedArrayBuffer(4));

function onListenerCalled(signal: EndSignal): void {
  // The kernel delivered nothing: the runtime called the listeners to start the program again.
  if (platform().isSignalDelivered(signal) === false) return;
  if (hasProgramListener(signal)) leaveToProgram(signal);
  else closeAndRaise(signal);
}

function leaveToProgram(signal: EndSignal): void {
  blockedSinceMs.delete(signal);
  platform().rearmSignal(signal);
  if (!listened.has(signal)) platform().unwatchSignal(signal);
}

/** The isolate that does this last ends the process. */
function closeAndRaise(signal: EndSignal): void {
  const listener = listened.get(signal)!;
  const directories = isolateDirectories();
  listened.delete(signal);
  closeAll();
  waitForIsolates(directories);
  removeOwnListener(signal, listener);
  platform().rearmSignal(signal);
  platform().raiseSignal(signal);
  Atomics.wait(sleepWord, 0, 0, SIGNAL_TIMEOUT_MS);
  // The runtime may still call listeners of isolates that are gone, as after a new start by --watch.
  if (!isWorker) platform().endBySignal(signal);
}

/** Sleeps without a turn of the event loop, so that no code of the program runs with closed sockets. */
function waitForIsolates(directories: string[]): void {
  const deadline = performance.now() + ISOLATES_CLOSE_TIMEOUT_MS;
  do Atomics.wait(sleepWord, 0, 0, ISOLATES_POLL_MS); while (
    hasRemainingIsolate(directories) && performance.now() < deadline
  );
}

/** Ends the process if a signal was delivered and its listeners could not run. */
export function exitIfTerminated(): void {
  for (const signal of listened.keys()) {
    if (platform().isSignalDelivered(signal) === true) onFoundWhileBlocked(signal);
  }
}

/** The program's listener runs when the program comes back to its event loop: a call that blocks ends. */
function onFoundWhileBlocked(signal: EndSignal): void {
  if (!hasProgramListener(signal)) return closeAndRaise(signal);
  const nowMs = performance.now();
  const sinceMs = blockedSinceMs.get(signal);
  if (sinceMs === undefined) {
    blockedSinceMs.set(signal, nowMs);
    forgetAtNextTurn(signal);
  } else if (nowMs - sinceMs > LISTENER_TIMEOUT_MS) {
    closeAll();
    leaveToProgram(signal);
  }
}

/**
 * A turn of the event loop shows that no call blocks the program: on a busy machine the runtime may be long
 * in calling its listeners.
 */
function forgetAtNextTurn(signal: EndSignal): void {
  Deno.unrefTimer(setTimeout(() => blockedSinceMs.delete(signal)));
}

/** Milliseconds between two checks for a signal in a loop. Each one is a system call. */
const CHECK_INTERVAL_MS = 20;
/** Milliseconds between two checks whether this worker was terminated: on Linux a system call, too. */
const TERMINATION_INTERVAL_MS = 1;
/** Most calls between two readings of the clock, less one. It is a mask: a power of two, less one. */
const MAX_CALLS_MASK = 63;
/** Calls that take longer than this from one reading to the next read the clock each time. */
const SLOW_MS = 10;

let callsMask = 0;
let readAtMs = 0;
let checkedAtMs = 0;
let lookedAtMs = 0;
let emptyPolls = 0;

/**
 * Counts a message of a socket: while a program sends or receives in a loop, no listener and no timer
 * runs. The faster the calls, the fewer of them read the clock. True if this worker was terminated.
 */
export function checkSignals(calls: number): boolean {
  return (calls & callsMask) === 0 && readClock();
}

/** As `checkSignals`, at an attempt that found no message, or no space: between two, a program may sleep. */
export function checkSignalsOnPoll(): boolean {
  return checkSignals(++emptyPolls);
}

function readClock(): boolean {
  const nowMs = performance.now();
  const elapsedMs = nowMs - readAtMs;
  readAtMs = nowMs;
  if (elapsedMs >= SLOW_MS) callsMask = 0;
  else if (elapsedMs < 1) callsMask = Math.min(2 * callsMask + 1, MAX_CALLS_MASK);
  if (nowMs - checkedAtMs >= CHECK_INTERVAL_MS) {
    checkedAtMs = nowMs;
    return checkSurroundings();
  }
  if (nowMs - lookedAtMs < TERMINATION_INTERVAL_MS) return false;
  lookedAtMs = nowMs;
  return isTerminated();
}

/**
 * Checks for a signal, and whether the files of this process are still there. True if this worker was
 * terminated: its caller then ends it, as soon as it has no message in its hands.
 */
export function checkSurroundings(): boolean {
  exitIfTerminated();
  checkIfDue();
  return isTerminated();
}
