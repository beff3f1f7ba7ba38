/**
 * How far a run of all tests is, and how long it still takes.
 *
 * @module
 */

import { duration } from "./parts.ts";

/** What a run of all tests has had last, on a machine with two cores. Only estimates follow from it. */
export const EXPECTED = { tests: 5300, seconds: 540 } as const;

/** How far the number of tests may be from what is expected. */
const TOLERANCE = 0.1;

/** Milliseconds between two reports. */
const REPORT_MS = 20_000;

/** What `deno test` prints when a test has ended. Steps are indented. */
const TEST_END = /^\S.* \.\.\. (?:ok|FAILED|ignored)(?: \(|$)/;
/** The same for a test that has printed something itself. */
const END_AFTER_OUTPUT = /^(?:ok|FAILED) \(/;

/** True for the line of a test that has ended. */
export function isTestEnd(line: string): boolean {
  return TEST_END.test(line) || END_AFTER_OUTPUT.test(line.trimStart());
}

/** What a run of all tests begins with. */
export function announcement({ tests, seconds } = EXPECTED): string {
  return `About ${
    tests.toLocaleString("en")
  } tests follow, in parts of which some run at once. They take about ` +
    `${duration(seconds * 1000)} on a machine with two cores.`;
}

/** How many tests have ended, and about how long the others take. */
export function progressLine(
  ended: number,
  elapsedMs: number,
  { tests, seconds }: { tests: number; seconds: number } = EXPECTED,
): string {
  const left = leftMs(Math.min(ended / tests, 1), elapsedMs, seconds * 1000);
  return `[${ended.toLocaleString("en")} of about ${tests.toLocaleString("en")} tests in ` +
    `${duration(elapsedMs)}; about ${duration(left)} left]`;
}

/** At first what is expected counts, and later how fast this machine was. */
function leftMs(part: number, elapsedMs: number, expectedMs: number): number {
  const expectedLeft = Math.max(0, expectedMs - elapsedMs);
  if (part === 0) return expectedLeft;
  const measuredLeft = elapsedMs * (1 - part) / part;
  return part * measuredLeft + (1 - part) * expectedLeft;
}

/** What to do if there are many more tests than are expected, or fewer. */
export function correction(
  ended: number,
  { tests }: { tests: number } = EXPECTED,
): string | undefined {
  if (Math.abs(ended - tests) <= TOLERANCE * tests) return undefined;
  return `tools/test/progress.ts expects ${tests} tests, and ${ended} ended: correct it`;
}

/** A part of a run, as a report sees it. */
export interface ReportedPart {
  /** Tests that have ended. */
  readonly ended: number;
  /** Calls a function when what it has printed is whole lines. */
  atLineStart(call: () => void): void;
}

/** Says at first what follows, and then again and again how far it is. */
export class ProgressReport {
  readonly #parts: readonly ReportedPart[];
  readonly #print: (line: string) => void;
  readonly #startedMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(
    parts: readonly ReportedPart[],
    print: (line: string) => void,
    intervalMs: number = REPORT_MS,
  ) {
    this.#parts = parts;
    this.#print = print;
    print(announcement());
    this.#timer = setInterval(() => this.#report(), intervalMs);
  }

  #report(): void {
    const print = () => this.#print(progressLine(this.#ended, performance.now() - this.#startedMs));
    this.#parts.reduce((call, part) => () => part.atLineStart(call), print)();
  }

  get #ended(): number {
    return this.#parts.reduce((sum, { ended }) => sum + ended, 0);
  }

  /** Ends the reports; after a run of all tests that has succeeded, says if the expectation is wrong. */
  stop(hasSucceeded: boolean): void {
    clearInterval(this.#timer);
    const remedy = hasSucceeded ? correction(this.#ended) : undefined;
    if (remedy !== undefined) this.#print(remedy);
  }
}
