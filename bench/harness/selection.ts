/** What `--only` leaves of the benchmark. */
import type { Contestant } from "./types.ts";

const contains = (text: string, part: string) => text.toLowerCase().includes(part.toLowerCase());

export function isSelected(name: string, only?: string): boolean {
  return only === undefined || contains(name, only);
}

/** A selected workload runs whole; of any other, the contestants that match and the reference. */
export function selectContestants(
  workload: string,
  contestants: readonly Contestant[],
  only?: string,
): readonly Contestant[] {
  if (isSelected(workload, only)) return contestants;
  const [reference, ...others] = contestants;
  const chosen = others.filter(({ label }) => isSelected(label, only));
  return chosen.length > 0 ? [reference, ...chosen] : [];
}
