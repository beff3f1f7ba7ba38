/**
 * One case of the fuzzer in one process: sockets of one pattern on one channel, a random sequence of
 * calls, overwrites between the calls and within them, and the result.
 *
 * @module
 */

import {
  ShmBufferFullError,
  ShmClosedError,
  ShmCorruptionError,
  ShmPeerLostError,
  ShmTimeoutError,
  type Socket,
} from "../../../mod.ts";
import { Random } from "../../support/random.ts";
import { interpose } from "./interpose.ts";
import { MessageVerifier, MIN_BYTES } from "./message_verifier.ts";
import { type CaseResult, type CaseStats, emptyStats } from "./report.ts";
import { Corruptor } from "./corruptor.ts";
import { type Actor, ACTORS, PATTERN_NAMES, type PatternName, placesOf } from "./actors.ts";

/** The error of a failed call, unless damage explains it. */
class Failure extends Error {}

const CAPACITIES = [1024, 1024, 2048, 4096];
const NAME = "fuzzed";
const LOG_LINES = 60;
/** Most calls into the module before an overwrite within a call. */
const CALLS_TO_CORRUPTION = 40;
/** Attempts to send a last message. */
const LAST_ATTEMPTS = 60;
const LAST_CHANCE_MS = 600;

/** Runs case `index` of a seed in an empty directory. */
export async function runCase(
  seed: number,
  index: number,
  dir: string,
  sabotage: (socket: Socket) => void = () => {},
): Promise<CaseResult> {
  using stage = new Stage(seed, index, dir, sabotage);
  try {
    await stage.play();
    return { stats: stage.stats };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { stats: stage.stats, failure: error.message, log: stage.log.slice(-LOG_LINES) };
  }
}

/** The sockets of a case. */
export class Stage implements Disposable {
  readonly stats: CaseStats = emptyStats();
  readonly log: string[] = [];
  readonly random: Random;
  readonly verifier: MessageVerifier;
  readonly dir: string;
  readonly capacity: number;
  readonly #pattern: PatternName;
  readonly #corruptor: Corruptor;
  readonly #sabotage: (socket: Socket) => void;
  readonly #actors: Actor[] = [];
  /** Calls into the module until the next overwrite within a call. */
  #callsLeft: number;
  #isCorrupting = false;
  #hasReportedDamage = false;
  #doing = "";

  constructor(seed: number, index: number, dir: string, sabotage: (socket: Socket) => void) {
    this.random = new Random(seed, index);
    this.dir = dir;
    this.#sabotage = sabotage;
    this.#pattern = this.random.pick(PATTERN_NAMES);
    this.capacity = this.random.pick(CAPACITIES);
    this.verifier = new MessageVerifier(this.random.below(2 ** 32), placesOf(this.#pattern));
    const actors = ACTORS[this.#pattern];
    for (const role of [...actors.first, ...this.#more(actors.more)]) this.#attach(role);
    const path = `${dir}/${NAME}`;
    this.#corruptor = new Corruptor(path, this.capacity, this.random, [this.verifier]);
    this.#callsLeft = this.random.below(CALLS_TO_CORRUPTION);
  }

  #more(roles: readonly string[]): string[] {
    return Array.from({ length: this.random.below(3) }, () => this.random.pick(roles));
  }

  #attach(role: string): void {
    const options = { dir: this.dir, capacityBytes: this.capacity, codec: "raw" } as const;
    const actor = ACTORS[this.#pattern].open(role, NAME, options, this);
    this.#sabotage(actor.socket);
    interpose(actor.socket, () => this.#corruptWithinCall());
    this.#actors.push(actor);
  }

  /** Bytes of the next message: mostly small, sometimes too large for the ring. */
  size(): number {
    const { random, capacity } = this;
    if (random.chance(0.15)) return random.between(capacity / 2, capacity * 3);
    return random.between(MIN_BYTES, random.pick([24, 64, 200, capacity / 3]));
  }

  #corruptWithinCall(): void {
    if (!this.#isCorrupting || this.#callsLeft-- > 0) return;
    this.#callsLeft = this.random.below(CALLS_TO_CORRUPTION);
    this.stats.strikesWithin++;
    this.#corrupt();
  }

  #corrupt(): void {
    const { what, offset, bytes } = this.#corruptor.corrupt();
    this.stats.strikes++;
    this.log.push(`strike: ${what}, at ${offset}: ${bytes.toHex()}`);
  }

  /** Checks a message that arrived. */
  received(bytes: Uint8Array<ArrayBufferLike>): void {
    const problem = this.verifier.problemWith(new Uint8Array(bytes));
    if (problem) throw new Failure(`${this.#doing}: ${problem}`);
    this.stats.messages++;
    this.log.push(`  -> ${bytes.length} bytes, ${bytes.slice(0, 4).toHex()}`);
  }

  /** Makes calls and overwrites, then checks whether the channel still works or reports damage. */
  async play(): Promise<void> {
    const steps = this.random.between(20, 50);
    const begin = this.random.below(8);
    const share = this.random.pick([0.08, 0.2, 0.4]);
    for (let step = 0; step < steps; step++) {
      this.#isCorrupting = step >= begin;
      if (this.#isCorrupting && this.random.chance(share)) this.#corrupt();
      if (this.random.chance(0.05)) this.#openOrClose();
      else await this.#act(this.random.pick(this.#actors));
    }
    this.#isCorrupting = false;
    await this.#finish();
  }

  #openOrClose(): void {
    const { first, more } = ACTORS[this.#pattern];
    const leaving = this.random.below(this.#actors.length);
    if (this.random.chance(0.5) && this.#actors.length > first.length) {
      const [actor] = this.#actors.splice(leaving, 1);
      this.#begin(`close ${actor.role}`);
      actor[Symbol.dispose]();
    } else {
      const role = this.random.pick([...first, ...more]);
      this.attempt(`open ${role}`, () => this.#attach(role));
    }
  }

  async #act(actor: Actor): Promise<void> {
    const { what, call } = actor.next(this.random);
    await this.attemptAsync(`${actor.role} ${what}`, call);
  }

  /** Makes a call that may fail because of damage. */
  attempt<T>(what: string, call: () => T): T | undefined {
    this.#begin(what);
    try {
      return call();
    } catch (error) {
      this.#allow(error);
      return undefined;
    }
  }

  async attemptAsync(what: string, call: () => unknown): Promise<void> {
    this.#begin(what);
    try {
      await call();
    } catch (error) {
      this.#allow(error);
    }
  }

  #begin(what: string): void {
    this.stats.calls++;
    this.#doing = what;
    this.log.push(what);
  }

  #allow(error: unknown): void {
    if (error instanceof Failure) throw error;
    const { name, message } = error as Error;
    this.stats.errors[name] = (this.stats.errors[name] ?? 0) + 1;
    this.log.push(`  -> ${name}: ${message}`);
    if (error instanceof ShmCorruptionError) this.#hasReportedDamage = true;
    else if (error instanceof ShmClosedError && this.#corruptor.mayBeClosed) {
      this.#hasReportedDamage = true;
    } else if (!EXPECTED.some((expected) => error instanceof expected)) {
      throw new Failure(`${this.#doing} threw ${name}: ${message}\n${(error as Error).stack}`);
    }
    if (error instanceof ShmPeerLostError) this.#hasReportedDamage = true;
  }

  /** The remaining sockets must exchange a message, unless one of them has reported damage. */
  async #finish(): Promise<void> {
    const actors = ACTORS[this.#pattern];
    for (const role of actors.first) {
      if (!this.#actors.some((actor) => actor.role === role)) {
        this.attempt(`open ${role}`, () => this.#attach(role));
      }
    }
    for (const actor of this.#actors) await this.attemptAsync("settle", () => actor.settle());
    for (const sender of this.#actors.filter((actor) => actor.probe !== undefined)) {
      let hasArrived = false;
      const end = performance.now() + LAST_CHANCE_MS;
      for (let round = 0; round < LAST_ATTEMPTS && !hasArrived; round++) {
        if (performance.now() > end) break;
        await this.attemptAsync(`${sender.role} probes`, async () => {
          hasArrived = await sender.probe!(this.#actors);
        });
        if (this.#hasReportedDamage) return;
      }
      if (!hasArrived) {
        throw new Failure("a last message did not arrive, and no call reported damage");
      }
    }
  }

  [Symbol.dispose](): void {
    for (const actor of this.#actors) {
      actor[Symbol.dispose]();
    }
    this.#corruptor[Symbol.dispose]();
  }
}

/** Errors that have other reasons than damage. */
const EXPECTED = [ShmTimeoutError, ShmBufferFullError, ShmPeerLostError];
