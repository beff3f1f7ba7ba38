/**
 * How long something takes on a machine that has other work as well.
 *
 * @module
 */

/** Who takes part: a process, or a worker, which belongs to this process. */
interface Participant {
  readonly pid?: number;
}

/**
 * Measures a time without that for which the threads of this process, and of others that take part, were ready
 * and had no processor. Who waits for another one is not ready: such a time counts.
 */
export class Stopwatch {
  readonly #processes: readonly ("self" | number)[];
  readonly #beforeMs: number;
  readonly #delayedMs: number;

  /** Starts to measure. */
  constructor(...others: readonly Participant[]) {
    this.#processes = ["self", ...others.flatMap(({ pid }) => pid ?? [])];
    this.#delayedMs = this.#delays();
    this.#beforeMs = performance.now();
  }

  /** Milliseconds since the start in which all ran that were ready. */
  get elapsedMs(): number {
    return Math.max(0, performance.now() - this.#beforeMs - this.delayedMs);
  }

  /** Milliseconds since the start for which threads that were ready had no processor. */
  get delayedMs(): number {
    return Math.max(0, this.#delays() - this.#delayedMs);
  }

  #delays(): number {
    return this.#processes.reduce<number>((sum, process) => sum + delayedMsOf(process), 0);
  }
}

/** Milliseconds for which the threads of a process, that run now, had no processor so far. */
export function delayedMsOf(process: "self" | number): number {
  return threadsOf(`/proc/${process}`).reduce((sum, thread) => sum + delayOf(thread), 0);
}

/** The folders of a process's threads; none where the system has no such folders, or the process is gone. */
function threadsOf(process: string): string[] {
  return orElse([], () => [...Deno.readDirSync(`${process}/task`)])
    .map(({ name }) => `${process}/task/${name}`);
}

/** Milliseconds for which a thread has waited for a processor so far. */
function delayOf(thread: string): number {
  const numbers = orElse("0 0 0", () => Deno.readTextFileSync(`${thread}/schedstat`));
  return Number(numbers.split(" ")[1]) / 1e6;
}

/** Threads end while they are read. */
function orElse<T>(other: T, read: () => T): T {
  try {
    return read();
  } catch {
    return other;
  }
}
