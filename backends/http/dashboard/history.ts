/**
 * The figures of the last hour, and in more detail those of the last minutes. Of fixed size.
 *
 * @module
 */

/** Seconds between two points of the hour. */
export const STEP_SECONDS = 10;
const POINTS = 360;
/** Points of the last minutes, one a second while a page is open. */
const RECENT_POINTS = 120;
/** Most series: those of the figures of the server, and one for each of some channels. */
const MAX_SERIES = 64;
/** Milliseconds without a point after which the last minutes begin anew. */
const MAX_GAP_MS = 5000;

/** Figures by name; null where there is nothing to tell. */
export type Figures = Readonly<Record<string, number | null>>;

/** Points at equal steps, the oldest first. */
export interface SeriesPart {
  readonly stepSeconds: number;
  /** Milliseconds of the Unix epoch of the newest point; 0 without points. */
  readonly endMs: number;
  readonly series: Readonly<Record<string, readonly (number | null)[]>>;
}

/** What a page gets of it when it is opened. */
export interface HistoryPart {
  readonly hour: SeriesPart;
  readonly recent: SeriesPart;
}

/** A ring of points of several series. */
export class SeriesRing {
  readonly #stepSeconds: number;
  readonly #length: number;
  readonly #series = new Map<string, Float32Array>();
  /** Points ever added. */
  #count = 0;
  #endMs = 0;

  constructor(stepSeconds: number, length: number) {
    this.#stepSeconds = stepSeconds;
    this.#length = length;
  }

  /** When the newest point was added, in milliseconds of the Unix epoch. */
  get endMs(): number {
    return this.#endMs;
  }

  /** Adds a point. Series that are not in it end, and those beyond the limit do not begin. */
  add(figures: Figures, atMs: number): void {
    const at = this.#count++ % this.#length;
    this.#endMs = atMs;
    for (const [name, values] of this.#series) {
      values[at] = NaN;
      if (!Object.hasOwn(figures, name) && values.every(Number.isNaN)) this.#series.delete(name);
    }
    for (const [name, value] of Object.entries(figures)) {
      const values = this.#series.get(name) ?? this.#begin(name);
      if (values !== undefined) values[at] = value ?? NaN;
    }
  }

  #begin(name: string): Float32Array | undefined {
    if (this.#series.size >= MAX_SERIES) return undefined;
    const values = new Float32Array(this.#length).fill(NaN);
    this.#series.set(name, values);
    return values;
  }

  clear(): void {
    this.#series.clear();
    this.#count = 0;
    this.#endMs = 0;
  }

  /** All points. */
  part(): SeriesPart {
    const series = [...this.#series].map(([name, values]) => [name, this.#inOrder(values)]);
    return {
      stepSeconds: this.#stepSeconds,
      endMs: this.#endMs,
      series: Object.fromEntries(series),
    };
  }

  #inOrder(values: Float32Array): (number | null)[] {
    const count = Math.min(this.#count, this.#length);
    return Array.from({ length: count }, (_, i) => {
      const value = values[(this.#count - count + i) % this.#length];
      return Number.isNaN(value) ? null : rounded(value);
    });
  }
}

/** Four digits are more than a picture shows. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** The history of one server. */
export class History {
  readonly #hour = new SeriesRing(STEP_SECONDS, POINTS);
  readonly #recent = new SeriesRing(1, RECENT_POINTS);

  /** Adds a point to the hour. */
  addStep(figures: Figures, nowMs: number): void {
    this.#hour.add(figures, nowMs);
  }

  /** Adds a point to the last minutes. */
  addRecent(figures: Figures, nowMs: number): void {
    if (nowMs - this.#recent.endMs > MAX_GAP_MS) this.#recent.clear();
    this.#recent.add(figures, nowMs);
  }

  /** The whole history. */
  part(): HistoryPart {
    return { hour: this.#hour.part(), recent: this.#recent.part() };
  }
}
