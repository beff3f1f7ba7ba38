/**
 * Workers that were terminated. The runtime stops a worker at its next turn of the event loop, so that a
 * loop of synchronous calls would go on for ever, and it does not notify the worker. So the isolate that
 * terminates a worker leaves marks, and the worker stops itself when it finds one. An isolate that ends
 * does so for its workers: with `deno run --watch` the process goes on.
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

/** Where the marks of a worker are made. */
interface MarkPlaces {
  word?: Int32Array;
  threadName?: string;
}

const placesByWorker = new WeakMap<Worker, MarkPlaces>();
/** Those of workers that this isolate knows, and has not terminated. */
const running = new Set<MarkPlaces>();
let onWorker: (() => void) | undefined;
/** The worker that a message is being posted to. */
let recipient: Worker | undefined;

/** The word of the worker that a handle is being posted to; undefined outside of `postMessage`. */
export function wordOfRecipient(): Int32Array | undefined {
  if (recipient === undefined) return undefined;
  return placesOf(recipient).word ??= new Int32Array(new SharedArrayBuffer(4));
}

function placesOf(worker: Worker): MarkPlaces {
  let places = placesByWorker.get(worker);
  if (places !== undefined) return places;
  placesByWorker.set(worker, places = {});
  running.add(places);
  return places;
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

/** Marks the workers of this isolate, which ends: the runtime terminates them. */
export function markWorkers(): void {
  markAt([...running]);
}

function markAt(places: MarkPlaces[]): void {
  const names = new Set<string>();
  for (const place of places) {
    running.delete(place);
    if (place.word !== undefined) Atomics.store(place.word, 0, 1);
    if (place.threadName !== undefined) names.add(place.threadName);
  }
  if (names.size > 0) attempt(() => renameThreads(names, ENDED));
}

/** Starts a worker, and finds the name of its thread, which is the only new one of its kind. */
function start(create: () => Worker): Worker {
  const before = new Set(namesOfWorkers());
  const worker = create();
  const [name, ...others] = new Set(namesOfWorkers()).difference(before);
  const places = placesOf(worker);
  if (name !== undefined && others.length === 0) places.threadName = name;
  onWorker?.();
  return worker;
}

function namesOfWorkers(): string[] {
  return (attempt(threadNames) ?? []).filter((name) => WORKER_THREAD.test(name));
}

/** True if this isolate has started a worker, and not terminated it. */
export function hasWorker(): boolean {
  return running.size > 0;
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
    markAt([placesOf(this)]);
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
  globalThis.addEventListener("unload", markWorkers);
}

if (typeof Worker === "function") watchWorkers();
