/**
 * Numbers of a queue as the command line prints them.
 *
 * @module
 */

/** An age in seconds, as text. */
export function ageText(seconds: number | null): string {
  if (seconds === null) return "-";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
