/** The axes of all charts. */
import type { Axis } from "vega";
import { FAINT, INK } from "./colours.ts";

export const FONT = "system-ui, sans-serif";

export const AXIS = {
  domainColor: FAINT,
  gridColor: FAINT,
  gridOpacity: 0.35,
  tickColor: FAINT,
  labelColor: INK,
  labelFont: FONT,
  labelFontSize: 12,
  titleColor: INK,
  titleFont: FONT,
  titleFontSize: 12,
  titleFontWeight: "normal",
} satisfies Partial<Axis>;

/** The powers of ten around some values: the range of a logarithmic scale, and its ticks. */
export function powersAround(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}
