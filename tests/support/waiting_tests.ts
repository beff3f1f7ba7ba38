/**
 * Tests that mostly wait until real time has passed. They are defined as one test, in which they wait at
 * the same time.
 *
 * @module
 */

import { sleep } from "./deadline.ts";

/** Few, so that the work of the others delays none for long. */
const ACTIVE = 6;
/** Tests that have begun, most of which wait. Each has connections. */
const BEGUN = 32;
/** Shorter than the times whose end a test must not see while it does something. */
const HELD_UP_MS = 1000;
const ATTEMPTS = 3;

/** Lets time pass for a test. Others go on in the meantime. */
export type Pass = (ms: number) => Promise<void>;

type Body = (pass: Pass) => Promise<void>;

/** Tests that become one. */
export class WaitingTests {
  readonly #tests: [name: string, body: Body][] = [];

  /** Adds a test. Its body may run again, with a state of its own. */
  add(name: string, body: Body): void {
    this.#tests.push([name, body]);
  }

  /** Defines the one test that runs all, of which `active` do something at a time. Its error names each that failed. */
  define(name: string, active: number = ACTIVE): void {
    const tests = this.#tests;
    Deno.test(`${name}: ${tests.length} tests that wait`, async () => {
      const errors: Error[] = [];
      const turns = new Turns(active);
      const rest = tests.values();
      const runRest = async () => {
        for (const [name, body] of rest) {
          await runOne(body, turns).catch((cause) => errors.push(new Error(name, { cause })));
        }
      };
      await Promise.all(Array.from({ length: BEGUN }, runRest));
      if (errors.length > 0) throw new AggregateError(errors, errors.map(describe).join("\n"));
    });
  }
}

/** Repeats a test that failed after a busy machine had held it up: its times had ended too early for it. */
async function runOne(body: Body, turns: Turns): Promise<void> {
  for (let attempt = 1;; attempt++) {
    using turn = await Turn.take(turns);
    try {
      return await body((ms) => turn.pass(ms));
    } catch (error) {
      if (attempt === ATTEMPTS || !turn.wasHeldUp) throw error;
    }
  }
}

/** The right to do something, which a test gives to others while it waits. */
class Turn implements Disposable {
  #beganMs = performance.now();
  #longestMs = 0;
  #hasWaited = false;

  private constructor(private readonly turns: Turns) {}

  static async take(turns: Turns): Promise<Turn> {
    await turns.begin();
    return new Turn(turns);
  }

  /** True if the test lets time pass, and took long for what it did before or after that. */
  get wasHeldUp(): boolean {
    this.#measure();
    return this.#hasWaited && this.#longestMs > HELD_UP_MS;
  }

  async pass(ms: number): Promise<void> {
    this.#measure();
    this.#hasWaited = true;
    this.turns.end();
    const startMs = performance.now();
    await sleep(ms);
    await this.turns.goOn();
    this.#beganMs = startMs + ms;
  }

  [Symbol.dispose](): void {
    this.turns.end();
  }

  #measure(): void {
    this.#longestMs = Math.max(this.#longestMs, performance.now() - this.#beganMs);
  }
}

class Turns {
  #free: number;
  readonly #goingOn: (() => void)[] = [];
  readonly #beginning: (() => void)[] = [];

  constructor(active: number) {
    this.#free = active;
  }

  begin(): Promise<void> {
    return this.#take(this.#beginning);
  }

  /** The times of tests that have begun run: those come first. */
  goOn(): Promise<void> {
    return this.#take(this.#goingOn);
  }

  end(): void {
    const next = this.#goingOn.shift() ?? this.#beginning.shift();
    if (next === undefined) this.#free++;
    else next();
  }

  async #take(waiting: (() => void)[]): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  }
}

function describe({ message, cause }: Error): string {
  return `${message}: ${cause instanceof Error ? cause.stack : cause}`;
}
