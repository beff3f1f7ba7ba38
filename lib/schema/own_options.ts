/**
 * Options of a call that its definition alone decides.
 *
 * @module
 */

/**
 * Throws if options have one of them.
 *
 * @param definer what decides them, such as `defineQueue()`
 * @throws {TypeError} with the option's name
 */
export function rejectOwnOptions(
  call: string,
  definer: string,
  name: string,
  own: readonly string[],
  options: unknown,
): void {
  if (typeof options !== "object" || options === null) return;
  for (const option of own) {
    if (!(option in options)) continue;
    throw new TypeError(
      `${call} has no option "${option}"; ${definer} decides it for ${JSON.stringify(name)}`,
    );
  }
}
