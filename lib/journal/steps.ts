/**
 * Work that can stop after each step, so that the event loop gets its turns.
 *
 * @module
 */

/** Work in steps, with a result at its end. */
export type Steps<T> = Generator<void, T, void>;

/** Does all steps at once. */
export function runToEnd<T>(steps: Steps<T>): T {
  while (true) {
    const { value, done } = steps.next();
    if (done) return value;
  }
}
