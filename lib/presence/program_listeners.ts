/**
 * Which signal listeners the program has besides those of Ringbus. The runtime has no list of them, so
 * both functions that add and remove listeners are wrapped when Ringbus is loaded; `process.on` uses
 * them as well. Other isolates of the process see those of the main program through the platform.
 *
 * @module
 */

import { logger } from "../base/log.ts";
import { openedPlatform, platform } from "../platform/mod.ts";
import type { EndSignal } from "../platform/platform.ts";
import { hasWorker, setOnWorker } from "./termination.ts";

type Listener = () => void;

/** The listeners of the program for one signal, each with what the runtime has in its place. */
class ProgramListeners {
  readonly #signal: EndSignal;
  readonly #wrapped = new Map<Listener, Listener>();
  /** One of them was called for the signal that is being dispatched. It may have removed itself. */
  #isCalled = false;

  constructor(signal: EndSignal) {
    this.#signal = signal;
  }

  /** True if the program heeds the signal, or the one that is being dispatched. */
  get isListening(): boolean {
    return this.#isCalled || this.#hasAny;
  }

  get #hasAny(): boolean {
    // The second ones were added before Ringbus was loaded. The first look at `process` takes the runtime
    // 7 MiB and some milliseconds.
    // deno-lint-ignore no-process-global
    return this.#wrapped.size > 0 || process.listenerCount(this.#signal) > 0;
  }

  add(listener: Listener): void {
    const isFirst = this.#wrapped.size === 0;
    const wrapped = this.#wrapped.get(listener) ?? (() => this.#call(listener));
    addOwnListener(this.#signal, wrapped);
    this.#wrapped.set(listener, wrapped);
    if (isFirst) this.publish();
  }

  remove(listener: Listener): void {
    removeOwnListener(this.#signal, this.#wrapped.get(listener) ?? listener);
    if (!this.#wrapped.delete(listener) || this.#wrapped.size > 0) return;
    // Workers get the same signal, and look up later who heeds it.
    if (this.#isCalled) Deno.unrefTimer(setTimeout(() => this.publish(), DISPATCH_MS));
    else this.publish();
  }

  /** The runtime calls all listeners of a signal in one turn. */
  #call(listener: Listener): void {
    this.#isCalled = true;
    queueMicrotask(() => this.#isCalled = false);
    listener();
  }

  /** Notifies the workers, if there are any. Asks for no permission: without it no socket has a name. */
  publish(): void {
    if (IS_WORKER || !hasWorker() || !isFfiGranted()) return;
    if (!this.#hasAny && openedPlatform() === undefined) return;
    try {
      platform().setProgramListens(this.#signal, this.#hasAny);
    } catch (error) {
      logger.debug("cannot note a listener for {signal}: {error}", { signal: this.#signal, error });
    }
  }
}

function isFfiGranted(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/** Milliseconds in which a signal reaches all isolates of a process. */
const DISPATCH_MS = 1000;

const IS_WORKER = "DedicatedWorkerGlobalScope" in globalThis;
const { addSignalListener, removeSignalListener } = Deno;
const listeners: Record<EndSignal, ProgramListeners> = {
  SIGTERM: new ProgramListeners("SIGTERM"),
  SIGINT: new ProgramListeners("SIGINT"),
  SIGHUP: new ProgramListeners("SIGHUP"),
};

/** Adds a listener of Ringbus, which does not count as one of the program. */
export function addOwnListener(signal: EndSignal, listener: Listener): void {
  addSignalListener(signal, listener);
}

/** Removes a listener of Ringbus. */
export function removeOwnListener(signal: EndSignal, listener: Listener): void {
  removeSignalListener(signal, listener);
}

/** True if the program has a listener for a signal, in this isolate or in the main program. */
export function hasProgramListener(signal: EndSignal): boolean {
  return listeners[signal].isListening || (IS_WORKER && platform().doesProgramListen(signal));
}

/** Publishes for the other isolates whether the main program has a listener for a signal. */
export function publishListeners(signal: EndSignal): void {
  listeners[signal].publish();
}

function listenersFor(signal: Deno.Signal): ProgramListeners | undefined {
  return Object.hasOwn(listeners, signal) ? listeners[signal as EndSignal] : undefined;
}

Deno.addSignalListener = (signal, listener) => {
  const known = listenersFor(signal);
  if (known === undefined || typeof listener !== "function") addSignalListener(signal, listener);
  else known.add(listener);
};
Deno.removeSignalListener = (signal, listener) => {
  const known = listenersFor(signal);
  if (known === undefined) removeSignalListener(signal, listener);
  else known.remove(listener);
};
setOnWorker(() => {
  for (const each of Object.values(listeners)) each.publish();
});
