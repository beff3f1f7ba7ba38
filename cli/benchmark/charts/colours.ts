/**
 * Who has which colour. The names stand for custom properties of the page's style sheet, so that one
 * picture is readable on a light ground and on a dark one.
 */
import type { Series } from "./report.ts";

export const INK = "var(--ink)";
export const FAINT = "var(--faint)";

const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3]];
const PEER_COLOURS = 6;

/** How one series is drawn wherever it appears in a picture. */
export interface LineStyle {
  readonly colour: string;
  /** Lengths of strokes and gaps; ours share one colour and differ in this. */
  readonly dash: readonly number[];
  readonly width: number;
}

/** A look for each series of one picture. */
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

/** Bars are named beside them, so that three colours suffice. */
export function barColour({ name, isOurs }: Series, reference: string): string {
  if (isOurs) return "var(--ours)";
  return name === reference ? "var(--reference)" : "var(--peer)";
}
