/**
 * Waiting for any of many sockets, signals and deadlines.
 *
 * @module
 */

import { checkInteger, checkNoMore } from "../base/checks.ts";
import { ShmClosedError } from "../base/errors.ts";
import { abortSignal, checkTimeout, durationMs } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";
import { formatValue, type TimeoutOptions, type WaitOptions } from "../base/options.ts";
import type { Bell, Waiter } from "../base/shared_memory.ts";
import { startTimer } from "../base/timer.ts";
import { isTurnDue, takeTurn } from "../base/turn.ts";
import type { HasPollSource } from "../channel/poll_source.ts";
import { POLL_SOURCE } from "../channel/wait.ts";
import { checkSurroundings, endWorker } from "../presence/exit_hooks.ts";
import { Bells } from "./bells.ts";
import type { Peers } from "./peer_watch.ts";
import { Polled, type PollEventKind } from "./polled.ts";

/** What a poll waits for: a subscriber, a puller, a replier, a signal or a deadline. */
export type Pollable = HasPollSource;

/** Something that a poll has found. */
export interface PollEvent<S extends Pollable = Pollable> {
  /** The socket, signal or deadline. */
  readonly source: S;
  /**
   * `"ready"`: a call that receives finds a message, or throws what is wrong with it; a wait for the signal
   * finds an id. `"due"`: the time of the deadline has come. `"closed"`: all calls on it throw; the poller
   * has removed it. `"peerLost"`: a process that sent to it, or the other way round notified it, has died;
   * told once, with messages or without.
   */
  readonly kind: PollEventKind;
}

/** Options of a poll that blocks. */
export interface PollSyncOptions extends TimeoutOptions {
  /** Most events of one call; the next call goes on behind them. Default: all. */
  limit?: number | undefined;
}

/** Options of a poll in the event loop. */
export interface PollOptions extends WaitOptions {
  /** Most events of one call; the next call goes on behind them. Default: all. */
  limit?: number | undefined;
}

const limit = (name: string, value: unknown): number => checkInteger(name, value, 1);
const SYNC_CHECKS = { timeoutMs: durationMs, limit };
const ASYNC_CHECKS = { ...SYNC_CHECKS, signal: abortSignal };
const WAIT_SYNC = new OptionRules<PollSyncOptions>("waitSync()", SYNC_CHECKS);
const WAIT = new OptionRules<PollOptions>("wait()", ASYNC_CHECKS);
const POLL_SYNC = new OptionRules<PollSyncOptions>("pollSync()", SYNC_CHECKS);
const POLL = new OptionRules<PollOptions>("poll()", ASYNC_CHECKS);

/** Longest single sleep, after which dead peers are looked for, in milliseconds. */
const MAX_SLEEP_MS = 100;
/** Milliseconds of looking again and again before a thread sleeps. */
const SPIN_MS = 0.02;
/** Sources that one look at all of them does not take longer for. */
const MOST_TO_SPIN = 16;
/** Sources that are looked at after each MAX_SLEEP_MS though nothing has woken them. */
const RECHECKED = 32;
/** Looks at single sockets after their waits are announced: some microseconds. */
const DWELL_LOOKS = 60;

/**
 * Waits for any of many sockets, signals and deadlines, in the event loop or blocking the thread. It tells
 * which are ready, and takes nothing from them. It keeps what it waits for over many calls.
 *
 * Costs: a look at each of its sources for each call, about 0.1 µs each. While nothing comes it sleeps as one,
 * however many they are. Not safe to share between workers.
 *
 * @example
 * ```ts
 * import { LocalChannel, Puller, Pusher, Signal } from "@ringbus/ringbus";
 * import { Deadline, Poller } from "@ringbus/ringbus/poll";
 *
 * using jobs = LocalChannel.create();
 * using stops = LocalChannel.create();
 * using pusher = new Pusher<string>(jobs.handle);
 * using puller = new Puller<string>(jobs.handle);
 * using stop = new Signal(stops.handle);
 *
 * pusher.send("resize 7.png");
 * using poller = new Poller([puller, stop, new Deadline(1000)]);
 * for (const { source, kind } of await poller.wait()) {
 *   if (source === puller && kind === "ready") console.log(puller.tryRecv()); // resize 7.png
 * }
 * ```
 */
export class Poller<S extends Pollable = Pollable> implements Disposable {
  readonly #polled = new Map<S, Polled<S>>();
  /** The same in an array, in the order in which they are looked at. */
  #order: Polled<S>[] | undefined;
  /** Where the next look begins. */
  #first = 0;
  /** Where the next look at sources that were not woken begins. */
  #rechecked = 0;
  /** The isolates of the sources' peers. */
  readonly #peers: Peers = new Map();
  #wait: PollerWait<S> | undefined;
  #isClosed = false;

  /**
   * A poller of some sources, to which others may be added.
   *
   * @throws {TypeError} if one of them cannot be polled
   */
  constructor(sources: Iterable<S> = []) {
    checkNoMore("new Poller()", arguments, 1);
    if (!(Symbol.iterator in Object(sources))) throw cannotPoll(sources);
    for (const source of sources) this.#add(source);
  }

  /**
   * Adds a subscriber, a puller, a replier, a signal or a deadline; also while it waits. One that is there
   * stays there once.
   *
   * @throws {TypeError} if it cannot be polled
   */
  add(source: S): void {
    checkNoMore("add()", arguments, 1);
    this.#checkOpen();
    this.#change(() => this.#add(source));
  }

  #add(source: S): void {
    if (this.#polled.has(source)) return;
    if (typeof source !== "object" || source === null || !(POLL_SOURCE in source)) {
      throw cannotPoll(source);
    }
    this.#polled.set(source, new Polled(source, source[POLL_SOURCE]()));
    this.#order = undefined;
  }

  /** Removes a source, also while the poller waits; false if it was not there. It stays open. */
  delete(source: S): boolean {
    checkNoMore("delete()", arguments, 1);
    const wasThere = this.#polled.has(source);
    if (wasThere) this.#change(() => this.#remove(source));
    return wasThere;
  }

  #remove(source: S): void {
    this.#polled.delete(source);
    this.#order = undefined;
  }

  /** A wait goes on with the sources that there are then. */
  #change(change: () => void): void {
    this.#wait?.stop();
    try {
      change();
    } finally {
      this.#wait?.start();
    }
  }

  /** True if it waits for a source. */
  has(source: S): boolean {
    checkNoMore("has()", arguments, 1);
    return this.#polled.has(source);
  }

  /** How many sources it has. */
  get size(): number {
    return this.#polled.size;
  }

  /**
   * Waits until something is ready, blocking this thread.
   *
   * @returns what is ready; empty after `timeoutMs`
   * @throws {TypeError} if there is nothing to wait for, or the poller waits already
   * @throws {ShmClosedError} if the poller is closed
   */
  waitSync(options?: PollSyncOptions): PollEvent<S>[] {
    WAIT_SYNC.check(options, arguments[1]);
    return this.#waitSync(checkTimeout(options), options?.limit ?? Infinity);
  }

  /**
   * Waits until something is ready, in the event loop. One wait at a time.
   *
   * @returns what is ready; empty after `timeoutMs`
   * @throws {TypeError} if there is nothing to wait for, or the poller waits already
   * @throws {ShmClosedError} if the poller is closed, also while it waits
   */
  wait(options?: PollOptions): Promise<PollEvent<S>[]> {
    return WAIT.rejection(options, arguments[1]) ?? this.#waitAsync(options);
  }

  #waitSync(timeoutMs: number, limit: number): PollEvent<S>[] {
    this.#checkReady(timeoutMs);
    const found = this.#look(limit);
    if (found.length > 0 || timeoutMs === 0) return found;
    const end = performance.now() + timeoutMs;
    if (this.size > MOST_TO_SPIN) return this.#block(end, limit);
    const spun = this.#spin(limit, Math.min(end, performance.now() + SPIN_MS));
    return spun.length > 0 ? spun : this.#block(end, limit);
  }

  #spin(limit: number, end: number): PollEvent<S>[] {
    let found: PollEvent<S>[] = [];
    while (found.length === 0 && performance.now() < end) found = this.#look(limit);
    return found;
  }

  #block(end: number, limit: number): PollEvent<S>[] {
    const polled = this.#inOrder();
    const onClose = () => {};
    const bells = new Bells(bellsOf(polled));
    for (const one of polled) one.begin(onClose);
    try {
      let isFirst = true;
      let checkedAtMs = performance.now();
      while (true) {
        if (checkSurroundings()) endThread(polled);
        const hasRung = bells.listen() || isFirst;
        isFirst = false;
        const nowMs = performance.now();
        const isRecheck = nowMs - checkedAtMs >= MAX_SLEEP_MS;
        if (isRecheck) checkedAtMs = nowMs;
        const dueMs = Math.min(end, dueAtMs(polled));
        const found = hasRung || nowMs >= dueMs ? this.#lookAtWoken(limit) : [];
        if (found.length > 0 || nowMs >= end) return found;
        const rechecked = isRecheck ? this.#recheck(limit) : [];
        if (rechecked.length > 0) return rechecked;
        bells.sleep(Math.min(Math.max(0, dueMs - performance.now()), MAX_SLEEP_MS));
      }
    } finally {
      for (const one of polled) one.end(onClose);
    }
  }

  async #waitAsync(options: PollOptions | undefined): Promise<PollEvent<S>[]> {
    try {
      const timeoutMs = checkTimeout(options);
      const signal = options?.signal;
      signal?.throwIfAborted();
      this.#checkReady(timeoutMs);
      const limit = options?.limit ?? Infinity;
      const found = this.#look(limit);
      if (found.length > 0 || timeoutMs === 0) return found;
      return await this.#pend(timeoutMs, signal, limit);
    } finally {
      if (isTurnDue()) await takeTurn();
    }
  }

  async #pend(
    timeoutMs: number,
    signal: AbortSignal | undefined,
    limit: number,
  ): Promise<PollEvent<S>[]> {
    const wait = this.#wait = new PollerWait({
      polled: () => this.#inOrder(),
      lookAtWoken: () => this.#lookAtWoken(limit),
      recheck: () => this.#recheck(limit),
    }, performance.now() + timeoutMs);
    const onAbort = () => wait.reject(signal!.reason);
    signal?.addEventListener("abort", onAbort);
    try {
      wait.start();
      return await wait.promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      wait.stop();
      this.#wait = undefined;
    }
  }

  /** The events that there are, beginning with those that had to wait for their turn. */
  #look(limit: number): PollEvent<S>[] {
    const polled = this.#inOrder();
    const first = this.#first < polled.length ? this.#first : 0;
    const inTurn = first === 0 ? polled : [...polled.slice(first), ...polled.slice(0, first)];
    const found = this.#find(inTurn, limit, (one) => one.look());
    if (found.length === 0) return found;
    // With a limit the next call begins behind what this one tells, and else behind its first event.
    const last = found[limit === Infinity ? 0 : found.length - 1].source;
    this.#first = polled.findIndex(({ source }) => source === last) + 1;
    return found;
  }

  /**
   * Looks at the sources that were woken or closed, or are due, after their waits are announced again; for a moment,
   * since a store of a sender may not be visible yet.
   */
  #lookAtWoken(limit: number): PollEvent<S>[] {
    const woken = this.#inOrder().filter((one) => one.announce());
    if (woken.length === 0) return [];
    const looks = Math.ceil(DWELL_LOOKS / woken.length);
    for (let i = 0; i < looks; i++) {
      const found = this.#find(woken, limit, (one) => one.look());
      if (found.length > 0) return found;
    }
    return [];
  }

  /**
   * Looks for what no bell has told: dead peers, and in turn some sources, since a sender may have died
   * before it woke the socket.
   */
  #recheck(limit: number): PollEvent<S>[] {
    const polled = this.#inOrder();
    const from = this.#rechecked < polled.length ? this.#rechecked : 0;
    this.#rechecked = from + RECHECKED;
    const some = polled.slice(from, from + RECHECKED);
    const found = this.#find(some, limit, (one) => one.look());
    if (found.length > 0) return found;
    for (const one of some) one.addPeers(this.#peers);
    const census = new Map<bigint, boolean>();
    for (const [isolate, isAlive] of this.#peers) census.set(isolate, isAlive());
    if ([...census.values()].every((isAlive) => isAlive)) return [];
    this.#peers.clear();
    return this.#find(polled, limit, (one) => one.hasLostPeer(census) ? "peerLost" : undefined);
  }

  #find(
    polled: readonly Polled<S>[],
    limit: number,
    look: (one: Polled<S>) => PollEventKind | undefined,
  ): PollEvent<S>[] {
    const found: PollEvent<S>[] = [];
    for (const one of polled) {
      const kind = look(one);
      if (kind === undefined) continue;
      if (found.push({ source: one.source, kind }) >= limit) break;
    }
    if (found.length > 0) this.#removeClosed(found);
    return found;
  }

  #removeClosed(found: readonly PollEvent<S>[]): void {
    for (const { source, kind } of found) {
      if (kind === "closed") this.#remove(source);
    }
  }

  #inOrder(): Polled<S>[] {
    return this.#order ??= [...this.#polled.values()];
  }

  #checkReady(timeoutMs: number): void {
    this.#checkOpen();
    if (this.#wait !== undefined) {
      throw new TypeError("cannot poll: this poller waits already; use one poller for each wait");
    }
    if (this.size === 0 && timeoutMs === Infinity) {
      throw new TypeError(
        "cannot poll: there is nothing to wait for; add a source or pass timeoutMs",
      );
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) {
      throw new ShmClosedError("cannot poll: the poller is closed; make a new one");
    }
  }

  /** Ends a wait with `ShmClosedError`. The sources stay open. Closing twice does nothing. */
  close(): void {
    this.#isClosed = true;
    this.#wait?.reject(new ShmClosedError("the poller was closed while it waited"));
    this.#polled.clear();
    this.#order = undefined;
  }

  /** Closes the poller at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Waits until any of some sockets, signals and deadlines is ready. A program that waits for the same ones again
 * and again makes a `Poller`.
 *
 * @returns what is ready, with nothing taken from it; empty after `timeoutMs`
 * @throws {TypeError} if one of them cannot be polled, or there are none
 *
 * @example
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 * import { poll } from "@ringbus/ringbus/poll";
 *
 * using left = LocalChannel.create();
 * using right = LocalChannel.create();
 * using publisher = new Publisher<string>(right.handle);
 * using first = new Subscriber<string>(left.handle);
 * using second = new Subscriber<string>(right.handle);
 *
 * publisher.send("hello");
 * for (const { source } of await poll([first, second], { timeoutMs: 1000 })) {
 *   console.log(source === second, source.tryRecv()); // true hello
 * }
 * ```
 */
export function poll<S extends Pollable>(
  sources: Iterable<S>,
  options?: PollOptions,
): Promise<PollEvent<S>[]> {
  return POLL.rejection(options, arguments[2]) ?? pollOnce(sources, options);
}

async function pollOnce<S extends Pollable>(
  sources: Iterable<S>,
  options: PollOptions | undefined,
): Promise<PollEvent<S>[]> {
  using poller = new Poller(sources);
  return await poller.wait(options);
}

/**
 * As `poll`, blocking this thread.
 *
 * @returns what is ready, with nothing taken from it; empty after `timeoutMs`
 * @throws {TypeError} if one of them cannot be polled, or there are none
 */
export function pollSync<S extends Pollable>(
  sources: Iterable<S>,
  options?: PollSyncOptions,
): PollEvent<S>[] {
  POLL_SYNC.check(options, arguments[2]);
  using poller = new Poller(sources);
  return poller.waitSync(options);
}

function cannotPoll(source: unknown): TypeError {
  return new TypeError(
    `cannot poll ${
      formatValue(source)
    }: a poll waits for a Subscriber, Puller, Replier, Signal or ` +
      `Deadline`,
  );
}

function bellsOf<S>(polled: readonly Polled<S>[]): Set<Bell> {
  const open = polled.filter(({ attachment }) => attachment?.isClosed === false);
  return new Set(open.map(({ attachment }) => attachment!.sharedMemory.bell));
}

/** When the first deadline is due. */
function dueAtMs<S>(polled: readonly Polled<S>[]): number {
  let first = Infinity;
  for (const one of polled) if (one.dueAtMs < first) first = one.dueAtMs;
  return first;
}

/** This worker was terminated while it waited. */
function endThread<S>(polled: readonly Polled<S>[]): void {
  for (const { attachment } of polled) attachment?.endWorker();
  endWorker();
}

/** How a wait looks at the sources of its poller. */
interface Looks<S extends Pollable> {
  polled(): readonly Polled<S>[];
  lookAtWoken(): PollEvent<S>[];
  recheck(): PollEvent<S>[];
}

/** A wait of a poller in the event loop. */
class PollerWait<S extends Pollable> implements Waiter {
  readonly promise: Promise<PollEvent<S>[]>;
  readonly #looks: Looks<S>;
  readonly #end: number;
  readonly #settle: PromiseWithResolvers<PollEvent<S>[]>;
  readonly #onClose = () => this.poll(false);
  #polled: readonly Polled<S>[] = [];
  #bells: ReadonlySet<Bell> = new Set();
  #stopTimer = () => {};
  #isOver = false;

  constructor(looks: Looks<S>, end: number) {
    this.#looks = looks;
    this.#end = end;
    this.#settle = Promise.withResolvers();
    this.promise = this.#settle.promise;
  }

  /** Begins to wait for the sources that there are. */
  start(): void {
    if (this.#isOver) return;
    this.#polled = this.#looks.polled();
    this.#bells = bellsOf(this.#polled);
    for (const bell of this.#bells) bell.addWaiter(this);
    for (const one of this.#polled) one.begin(this.#onClose);
    this.#startTimer();
    this.poll(false);
  }

  #startTimer(): void {
    const atMs = Math.min(this.#end, dueAtMs(this.#polled));
    this.#stopTimer();
    this.#stopTimer = startTimer(Math.max(0, atMs - performance.now()), () => this.#onTimer());
  }

  /** A timer may fire a moment early. */
  #onTimer(): void {
    this.#attempt(() => {
      const found = this.#looks.lookAtWoken();
      if (found.length > 0 || performance.now() >= this.#end) this.#resolve(found);
      else this.#startTimer();
    });
  }

  /** Waits no more. */
  stop(): void {
    this.#stopTimer();
    for (const bell of this.#bells) bell.removeWaiter(this);
    for (const one of this.#polled) one.end(this.#onClose);
    this.#bells = new Set();
    this.#polled = [];
  }

  /** A bell, which may have rung for another socket, or a timer calls this. */
  poll(isRecheck: boolean = false): void {
    if (!this.#isOver) this.#attempt(() => this.#look(isRecheck));
  }

  #look(isRecheck: boolean): void {
    const found = isRecheck ? this.#looks.recheck() : this.#looks.lookAtWoken();
    if (found.length > 0) this.#resolve(found);
  }

  /** No program could catch what is thrown here. */
  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.reject(error);
    }
  }

  #resolve(found: PollEvent<S>[]): void {
    this.#isOver = true;
    this.#settle.resolve(found);
  }

  /** Ends the wait with an error. */
  reject(error: unknown): void {
    this.#isOver = true;
    this.#settle.reject(error);
  }
}
