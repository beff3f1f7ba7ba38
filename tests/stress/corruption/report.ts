/**
 * What a run of the fuzzer came to.
 *
 * @module
 */

/** What the calls of a case ended with. */
export interface CaseStats {
  /** Calls made. */
  calls: number;
  /** Overwrites, and those of them in the middle of a call. */
  strikes: number;
  strikesWithin: number;
  /** Messages that arrived and were right. */
  messages: number;
  /** Errors by their class. */
  errors: Record<string, number>;
}

/** How a case ended. */
export interface CaseResult {
  stats: CaseStats;
  /** What should not have happened. */
  failure?: string;
  /** The last calls and overwrites, when it failed. */
  log?: string[];
}

/** A case that ended as none should. */
export interface FailedCase {
  index: number;
  failure: string;
  log: string[];
}

/** A tally of nothing. */
export function emptyStats(): CaseStats {
  return { calls: 0, strikes: 0, strikesWithin: 0, messages: 0, errors: {} };
}

/** All cases of a run. */
export class Report {
  cases = 0;
  readonly stats: CaseStats = emptyStats();
  readonly failures: FailedCase[] = [];

  /** Adds a case. */
  add(index: number, { stats: tally, failure, log = [] }: CaseResult): void {
    this.cases++;
    for (const key of ["calls", "strikes", "strikesWithin", "messages"] as const) {
      this.stats[key] += tally[key];
    }
    for (const [name, count] of Object.entries(tally.errors)) {
      this.stats.errors[name] = (this.stats.errors[name] ?? 0) + count;
    }
    if (failure !== undefined) this.failures.push({ index, failure, log });
  }

  /** A line for people. */
  get summary(): string {
    const { calls, strikes, strikesWithin, messages, errors } = this.stats;
    const errorCounts = Object.entries(errors).map(([name, count]) => `${name} ${count}`).join(
      ", ",
    );
    return `${this.cases} cases, ${calls} calls, ${strikes} overwrites, ${strikesWithin} of them ` +
      `within a call, ${messages} messages arrived right, errors: ${errorCounts || "none"}, ` +
      `${this.failures.length} failures`;
  }
}
