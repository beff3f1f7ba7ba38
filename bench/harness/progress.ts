/**
 * What a benchmark is doing, how far it is, and how long it may still take. On a terminal in one line,
 * elsewhere in a line for each step.
 */

/** Where progress is written. */
export interface ProgressOutput {
  readonly isTerminal: boolean;
  write(text: string): void;
}

const STDERR: ProgressOutput = {
  isTerminal: Deno.stderr.isTerminal(),
  write: (text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)),
};

export class Progress {
  readonly #steps: number;
  readonly #output: ProgressOutput;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  #begun = 0;

  constructor(steps: number, output: ProgressOutput = STDERR, nowMs = () => performance.now()) {
    this.#steps = steps;
    this.#output = output;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  /** Says that a step begins. */
  step(text: string): void {
    const done = this.#begun++;
    const line = `[${this.#begun}/${this.#steps}${this.#timeLeft(done)}] ${text}`;
    this.#output.write(this.#output.isTerminal ? `\r\x1b[K${line}` : `${line}\n`);
  }

  /** The steps that are left are taken to be as long as those that are done. */
  #timeLeft(done: number): string {
    if (done === 0) return "";
    const leftMs = (this.#nowMs() - this.#startMs) / done * Math.max(0, this.#steps - done);
    const seconds = Math.round(leftMs / 1000);
    return `, ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
  }

  /** Removes the line from a terminal, before something else is printed. */
  clear(): void {
    if (this.#output.isTerminal) this.#output.write("\r\x1b[K");
  }
}
