/**
 * Numbers and durations as text.
 *
 * @module
 */

import { UNCHOSEN } from "../../lib/segment/chosen_codec.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** The id of a codec: `"-"` if none is chosen yet, `"?"` if it cannot be read. */
export function codecText(id: string | undefined): string {
  return id === UNCHOSEN ? "-" : id ?? "?";
}

/** A number of bytes: `"1.5 MiB"`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** A duration in its largest unit: `"3m"`. */
export function ageText(since: Date | undefined, nowMs: number): string {
  const seconds = since === undefined ? NaN : Math.floor((nowMs - since.getTime()) / 1000);
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 120) return `${Math.max(0, seconds)}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** A share from 0 to 1, in percent. */
export function shareText(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** A rate per second, with few digits. */
export function rateText(perSecond: number): string {
  if (perSecond >= 10_000_000) return `${Math.round(perSecond / 1e6)}M`;
  if (perSecond >= 10_000) return `${Math.round(perSecond / 1000)}k`;
  return perSecond >= 10 || perSecond === 0 ? `${Math.round(perSecond)}` : perSecond.toFixed(1);
}

const BARS = "▁▂▃▄▅▆▇█";

/** Numbers as bars. The largest number has the highest bar. */
export function sparkline(values: readonly number[]): string {
  const max = Math.max(...values);
  return values.map((value) =>
    max > 0 ? BARS[Math.round(value / max * (BARS.length - 1))] : BARS[0]
  ).join("");
}
