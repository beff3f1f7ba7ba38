/** Runs servers by turns and compares what they do with the first of them, run by run. */
import { rate, times } from "../../cli/benchmark/charts/format.ts";
import { median } from "../../cli/benchmark/stats.ts";

/** What a run costs. */
export interface Plan {
  readonly isQuick: boolean;
  readonly runs: number;
}

/** Something that is measured of every server of a table. */
export interface Measure {
  readonly name: string;
  readonly unit: "a second" | "us";
  /** What ours is to reach against the first server, if anything. */
  readonly target?: number;
}

/** A server of a table. */
export interface Contestant {
  readonly name: string;
  /** True for ours, which the targets of the measures are for. */
  readonly isOurs?: boolean;
  /** Targets of its own, by the names of measures. */
  readonly targets?: Readonly<Record<string, number>>;
  /** One figure; undefined where it has none. */
  run(measure: string): Promise<number | undefined>;
}

/** All figures of one server for one measure, one a run. */
export interface Row {
  readonly table: string;
  readonly measure: Measure;
  readonly name: string;
  readonly isOurs: boolean;
  /** What it is to reach against the first server, if anything. */
  readonly target?: number | undefined;
  readonly figures: readonly number[];
  /** Against the first server, run by run. */
  readonly ratios: readonly number[];
}

/** What is said of a target. */
export type Verdict = "met" | "missed";

/** All contestants by turns, so that what slows the machine down slows all of them. */
export async function compare(
  table: string,
  measures: readonly Measure[],
  contestants: readonly Contestant[],
  { runs }: Plan,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const measure of measures) {
    const figures = contestants.map((): number[] => []);
    for (let run = 0; run < runs; run++) {
      for (const [i, contestant] of contestants.entries()) {
        const figure = await contestant.run(measure.name);
        if (figure !== undefined) figures[i].push(figure);
      }
    }
    for (const [i, { name, isOurs = false, targets }] of contestants.entries()) {
      const ratios = figures[i].map((figure, run) => figure / figures[0][run]);
      const target = targets?.[measure.name] ?? (isOurs ? measure.target : undefined);
      rows.push({ table, measure, name, isOurs, target, figures: figures[i], ratios });
    }
  }
  return rows;
}

/** Runs a load in a process of its own; the figure it prints. */
export async function runLoad(file: string, args: readonly string[]): Promise<number> {
  const path = new URL(file, import.meta.url).pathname;
  const command = file.endsWith(".py")
    ? new Deno.Command("python3", { args: ["-I", path, ...args] })
    : new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--quiet", path, ...args] });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${file} ${args} failed: ${decoder.decode(stderr).slice(-2000)}`);
  return Number(decoder.decode(stdout));
}

/** One line a server and measure. */
export function show(row: Row): string {
  const { measure, name, figures, ratios } = row;
  if (figures.length === 0) return `${measure.name.padEnd(15)} ${name.padEnd(34)} -`;
  const value = median(figures);
  const figure = measure.unit === "us" ? `${value.toFixed(value < 10 ? 2 : 0)} us` : rate(value);
  const verdict = verdictOf(row);
  const shown = verdict === undefined ? "" : `(${verdict}: ${boundOf(row)})`;
  return `${measure.name.padEnd(15)} ${name.padEnd(34)} ${figure.padEnd(10)} ${
    times(median(ratios))
  } ${shown}`.trimEnd();
}

/** Whether a server reaches its target; undefined if it has none. */
export function verdictOf({ measure: { unit }, target, ratios }: Row): Verdict | undefined {
  if (target === undefined || ratios.length === 0) return undefined;
  const ratio = median(ratios);
  return (unit === "us" ? ratio <= target : ratio >= target) ? "met" : "missed";
}

/** The target of a row that has one. */
export function boundOf({ measure: { unit }, target }: Row): string {
  return `${unit === "us" ? "at most" : "at least"} ${target}x`;
}
