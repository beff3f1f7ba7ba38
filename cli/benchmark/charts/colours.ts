/**
 * The colours of series. The names are custom properties of the page's style sheet, so that one chart is
 * readable on a light and on a dark background.
 */
import type { Series } from "./report.ts";

export const INK = "var(--ink)";
export const FAINT = "var(--faint)";

const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3]];
const PEER_COLOURS = 6;

/** How one series is drawn. */
export interface LineStyle {
  readonly colour: string;
  /** Lengths of dashes and gaps. The series of Ringbus have one colour and differ in this. */
  readonly dash: readonly number[];
  readonly width: number;
}

/** A style for each series of a chart. */
export function lineStylesOf(series: readonly Series[]): readonly LineStyle[] {
  let ours = 0;
  let peers = 0;
  return series.map(({ isOurs }) => {
    if (isOurs) return { colour: "var(--ours)", dash: DASHES[ours++ % DASHES.length], width: 3 };
    const nth = peers++;
    return {
      colour: `var(--peer-${nth % PEER_COLOURS})`,
      dash: DASHES[Math.floor(nth / PEER_COLOURS) % DASHES.length],
      width: 1.5,
    };
  });
}

/** Colours of bars. Bars have labels, so that three colours suffice. */
export function barColour({ name, isOurs }: Series, reference: string): string {
  if (isOurs) return "var(--ours)";
  return name === reference ? "var(--reference)" : "var(--peer)";
}
