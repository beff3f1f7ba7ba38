/**
 * Where the subscribers of the stress test begin that come late.
 *
 * @module
 */

const CHOICES = ["oldest", 20, "oldest", 1] as const;

/** Where the subscriber of a stream begins. */
export function sinceOf(stream: number): "oldest" | number {
  return CHOICES[stream % CHOICES.length];
}
