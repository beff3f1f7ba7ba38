/**
 * Workers that were terminated. The runtime stops a worker at its next turn of the event loop, so that a
 * loop of synchronous calls would go on for ever, and it does not notify the worker. So the isolate that
 * terminates a worker leaves marks, and the worker stops itself when it finds one.
 *
 * One mark is a word that comes with the handle of a local channel, for each worker that a handle is
 * posted to. The other one is the name of the worker's thread, for channels by name on Linux. It needs
 * no handle, but the worker has to be started after Ringbus was loaded.
 *
 * @module
 */

import { logger } from "../base/log.ts";
import { openedPlatform } from "../platform/mod.ts";
import { renameThreads, threadNames } from "../platform/threads.ts";

/** The name that a thread of a terminated worker gets; at most 15 bytes. */
const ENDED = "ringbus-ended";
/** The names that the runtime gives to the threads of a worker. */
const WORKER_THREAD = /^worker-\d+$/;

const IS_WORKER = "DedicatedWorkerGlobalScope" in globalThis;

const words = new WeakMap<Worker, Int32Array>();
const namesOfThreads = new WeakMap<Worker, string>();
let onWorker: (() => void) | undefined;
/** Workers that this isolate has started and not terminated. */
const started = new WeakSet<Worker>();
let running = 0;
/** The worker that a message is being posted to. */
let recipient: Worker | undefined;

/** The word of the worker that a handle is being posted to; undefined outside of `postMessage`. */
export function wordOfRecipient(): Int32Array | undefined {
  if (recipient === undefined) return undefined;
  let word = words.get(recipient);
  if (word === undefined) words.set(recipient, word = new Int32Array(new SharedArrayBuffer(4)));
  return word;
}

/** The word that came to this worker with a handle: non-zero when the worker was terminated. */
let ownWord: Int32Array | undefined;

/** Takes over the word that came with a handle. */
export function adoptWord(word: Int32Array | undefined): void {
  if (IS_WORKER && word !== undefined) ownWord = word;
}

/** True if this is a worker that was terminated. */
export function isTerminated(): boolean {
  if (!IS_WORKER) return false;
  if (ownWord !== undefined && Atomics.load(ownWord, 0) !== 0) return true;
  return openedPlatform()?.threadName() === ENDED;
}

function mark(worker: Worker): void {
  if (started.delete(worker)) running--;
  const word = words.get(worker);
  if (word !== undefined) Atomics.store(word, 0, 1);
  const name = namesOfThreads.get(worker);
  if (name !== undefined) attempt(() => renameThreads(name, ENDED));
}

/** Starts a worker, and finds the name of its thread, which is the only new one of its kind. */
function start(create: () => Worker): Worker {
  const before = new Set(namesOfWorkers());
  const worker = create();
  const [name, ...others] = new Set(namesOfWorkers()).difference(before);
  if (name !== undefined && others.length === 0) namesOfThreads.set(worker, name);
  started.add(worker);
  running++;
  onWorker?.();
  return worker;
}

function namesOfWorkers(): string[] {
  return (attempt(threadNames) ?? []).filter((name) => WORKER_THREAD.test(name));
}

/** True if this isolate has started a worker, and not terminated it. */
export function hasWorker(): boolean {
  return running > 0;
}

/** Sets what is called whenever this isolate has started a worker. */
export function setOnWorker(listener: () => void): void {
  onWorker = listener;
}

/** A worker that cannot be marked is no error of its program. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    logger.debug("cannot mark a worker: {error}", { error });
    return undefined;
  }
}

function watchWorkers(): void {
  const { terminate, postMessage } = Worker.prototype;
  Worker.prototype.terminate = function (this: Worker) {
    mark(this);
    terminate.call(this);
  };
  Worker.prototype.postMessage = function (this: Worker, ...args: unknown[]) {
    recipient = this;
    try {
      Reflect.apply(postMessage, this, args);
    } finally {
      recipient = undefined;
    }
  };
  globalThis.Worker = new Proxy(Worker, {
    construct: (target, args, newTarget) =>
      start(() => Reflect.construct(target, args, newTarget) as Worker),
  });
}

if (typeof Worker === "function") watchWorkers();
