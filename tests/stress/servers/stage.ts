/**
 * A part of the fault injection into servers and clients.
 *
 * @module
 */

import type { Random } from "../../support/random.ts";

/** What a stage needs. */
export interface StageContext {
  readonly random: Random;
  /** How much to do: 1 takes about a minute, the tests take less. */
  readonly scale: number;
}

/** One kind of fault. */
export interface Stage {
  readonly name: string;
  readonly about: string;
  /** True if it waits for minutes, whatever the scale: the tests omit it. */
  readonly isSlow?: boolean;
  /**
   * Injects faults, and returns what it did, by name.
   *
   * @throws {Error} if what should hold does not
   */
  run(context: StageContext): Promise<Record<string, number>>;
}
