/**
 * Keeps the history of a server, from its start to its end.
 *
 * @module
 */

import { machineViewOf } from "../metrics/machine_view.ts";
import type { Observed } from "../metrics/view.ts";
import { FigureSource } from "./figures.ts";
import { type Figures, History, type HistoryPart } from "./history.ts";

/** A point of the hour. */
export interface StepPart {
  readonly atMs: number;
  readonly figures: Figures;
}

/** Adds points to the hour, and with every snapshot one to the last minutes. */
export class Recorder {
  readonly #observed: Observed;
  readonly #history = new History();
  readonly #steps: FigureSource;
  #recent: FigureSource | undefined;
  #lastStep: StepPart | null = null;

  constructor(observed: Observed) {
    this.#observed = observed;
    this.#steps = new FigureSource(observed);
  }

  /** Adds a point to the hour: call it every `STEP_SECONDS`. The first call is what the next one compares with. */
  async step(): Promise<void> {
    const figures = this.#steps.next(await machineViewOf(this.#observed.machine));
    if (figures === undefined) return;
    this.#lastStep = { atMs: Date.now(), figures };
    this.#history.addStep(figures, this.#lastStep.atMs);
  }

  /** The newest point of the hour; null before the first one. */
  get lastStep(): StepPart | null {
    return this.#lastStep;
  }

  /** Adds a point to the last minutes. */
  look(): void {
    this.#recent ??= new FigureSource(this.#observed);
    const figures = this.#recent.next(undefined);
    if (figures !== undefined) this.#history.addRecent(figures, Date.now());
  }

  /** No page is open any more: the last minutes begin anew with the next one. */
  rest(): void {
    this.#recent = undefined;
  }

  /** The whole history. */
  part(): HistoryPart {
    return this.#history.part();
  }
}
