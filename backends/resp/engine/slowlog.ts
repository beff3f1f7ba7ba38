/**
 * Commands that took long.
 *
 * @module
 */

import type { ClientState } from "./client_state.ts";
import type { CommandInfo } from "./command_info.ts";

const MAX_WORDS = 32;
const MAX_WORD_LENGTH = 128;
/** The threshold in the beginning: with that, nothing is measured, because measuring takes time. */
const DEFAULT_THRESHOLD_US = 10_000;

/** A command that took long. */
export interface SlowCall {
  readonly id: number;
  /** Milliseconds of the store's clock. */
  readonly atMs: number;
  readonly microseconds: number;
  readonly words: readonly string[];
  readonly address: string;
  readonly clientName: string;
}

/** The log of a server. It measures when another threshold than the first one is set. */
export class Slowlog {
  /** The latest first. */
  #calls: SlowCall[] = [];
  #added = 0;
  #thresholdUs = DEFAULT_THRESHOLD_US;
  maxLength = 128;

  /** True if commands are measured. */
  get isOn(): boolean {
    return this.#thresholdUs >= 0 && this.#thresholdUs !== DEFAULT_THRESHOLD_US;
  }

  /** Sets the microseconds from which on a command is logged; less than 0: none is. */
  setThreshold(microseconds: number): void {
    this.#thresholdUs = microseconds;
  }

  get calls(): readonly SlowCall[] {
    return this.#calls;
  }

  clear(): void {
    this.#calls = [];
  }

  /** Executes a command, and logs it if it takes long. */
  measured<T>(client: ClientState, command: CommandInfo, args: readonly string[], run: () => T): T {
    const startMs = performance.now();
    const result = run();
    const microseconds = Math.floor((performance.now() - startMs) * 1000);
    if (microseconds >= this.#thresholdUs && !command.flags.has("skip_slowlog")) {
      this.#add(client, command, args, microseconds);
    }
    return result;
  }

  #add(
    client: ClientState,
    { name }: CommandInfo,
    args: readonly string[],
    microseconds: number,
  ): void {
    const words = [...name.split("|"), ...args].map(shortened);
    const left = words.length - MAX_WORDS;
    const shown = left <= 0
      ? words
      : [...words.slice(0, MAX_WORDS - 1), `... (${left + 1} more arguments)`];
    this.#calls.unshift({
      id: this.#added++,
      atMs: client.usedAtMs,
      microseconds,
      words: shown,
      address: client.output.address,
      clientName: client.name,
    });
    this.#calls.length = Math.min(this.#calls.length, this.maxLength);
  }
}

function shortened(word: string): string {
  const more = word.length - MAX_WORD_LENGTH;
  return more <= 0 ? word : `${word.slice(0, MAX_WORD_LENGTH)}... (${more} more bytes)`;
}
