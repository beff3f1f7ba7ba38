/**
 * A picture with a bar for each figure. Names stand above their bars, so that it fits a telephone.
 *
 * @module
 */

import { label, rect, svgOf } from "./svg.ts";

/** A figure. */
export interface Bar {
  readonly name: string;
  /** The figure as the table has it, with its unit. */
  readonly text: string;
  readonly value: number;
  readonly isOurs: boolean;
}

/** Figures that are compared. */
export interface BarChart {
  readonly title: string;
  /** What a long bar means. */
  readonly meaning: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 480;
const EDGE = 16;
const TOP = 62;
const STEP = 44;
const BAR_HEIGHT = 14;
/** What the longest bar leaves to the text of its figure. */
const TEXT_WIDTH = 70;
/** Ratio of the longest bar to the shortest from which the scale is logarithmic. */
const LINEAR_UP_TO = 30;

/** The text of the picture. */
export function barPicture({ title, meaning, bars }: BarChart): string {
  const { lengthOf, isLogarithmic } = scaleOf(bars.map(({ value }) => value));
  const scale = isLogarithmic ? `logarithmic scale; ${meaning}` : meaning;
  return svgOf({
    title,
    description: `${scale}. ${bars.map(({ name, text }) => `${name}: ${text}`).join("; ")}.`,
    width: WIDTH,
    height: TOP + bars.length * STEP + EDGE - 10,
    marks: [
      label("bold", EDGE, 28, title),
      label("quiet", EDGE, 46, scale),
      ...bars.flatMap((bar, i) => marksOf(bar, TOP + i * STEP, lengthOf(bar.value))),
    ],
  });
}

function marksOf({ name, text, isOurs }: Bar, y: number, width: number): string[] {
  const weight = isOurs ? "bold" : "";
  return [
    label(weight, EDGE, y + 14, name),
    rect(isOurs ? "ours" : "bar", { x: EDGE, y: y + 20, width, height: BAR_HEIGHT }),
    label(weight, EDGE + width + 6, y + 32, text),
  ];
}

/** Lengths of bars. A logarithmic scale begins at the power of ten below the shortest. */
function scaleOf(values: readonly number[]) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const longest = WIDTH - 2 * EDGE - TEXT_WIDTH;
  const isLogarithmic = most > LINEAR_UP_TO * least;
  const from = Math.ceil(Math.log10(least)) - 1;
  const shareOf = isLogarithmic
    ? (value: number) => (Math.log10(value) - from) / (Math.log10(most) - from)
    : (value: number) => value / most;
  return { isLogarithmic, lengthOf: (value: number) => Math.round(longest * shareOf(value)) };
}
