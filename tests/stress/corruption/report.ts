/**
 * The results of a run of the fuzzer.
 *
 * @module
 */

/** Counts of a case. */
export interface CaseStats {
  /** Calls. */
  calls: number;
  /** Overwrites, and those within a call. */
  strikes: number;
  strikesWithin: number;
  /** Right messages that arrived. */
  messages: number;
  /** Errors by their class. */
  errors: Record<string, number>;
}

/** The result of a case. */
export interface CaseResult {
  stats: CaseStats;
  /** The failure. Undefined if there is none. */
  failure?: string | undefined;
  /** The last calls and overwrites, when it failed. */
  log?: string[] | undefined;
}

/** A failed case. */
export interface FailedCase {
  index: number;
  failure: string;
  log: string[];
}

/** Counts of zero. */
export function emptyStats(): CaseStats {
  return { calls: 0, strikes: 0, strikesWithin: 0, messages: 0, errors: {} };
}

/** The results of all cases of a run. */
export class Report {
  cases = 0;
  readonly stats: CaseStats = emptyStats();
  readonly failures: FailedCase[] = [];

  /** Adds a case. */
  add(index: number, { stats, failure, log = [] }: CaseResult): void {
    this.cases++;
    for (const key of ["calls", "strikes", "strikesWithin", "messages"] as const) {
      this.stats[key] += stats[key];
    }
    for (const [name, count] of Object.entries(stats.errors)) {
      this.stats.errors[name] = (this.stats.errors[name] ?? 0) + count;
    }
    if (failure !== undefined) this.failures.push({ index, failure, log });
  }

  /** The results as a line of text. */
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
