/**
 * Outcomes of one call on several partitions.
 *
 * @module
 */

/**
 * The first outcome that counts, or undefined if there is none. Where one partition has done what was
 * asked, failures of the others are no error of the call.
 *
 * @throws what the first partition threw, if no outcome counts
 */
export async function firstThatCounts<T>(
  calls: readonly Promise<T>[],
  counts: (outcome: T) => boolean,
): Promise<T | undefined> {
  if (calls.length === 1) {
    const outcome = await calls[0];
    return counts(outcome) ? outcome : undefined;
  }
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
  const counting = calls.map(async (call) => {
    const outcome = await call;
    if (counts(outcome)) resolve(outcome);
  });
  Promise.allSettled(counting).then((results) => {
    const failed = results.find(({ status }) => status === "rejected");
    if (failed === undefined) resolve(undefined);
    else reject((failed as PromiseRejectedResult).reason);
  });
  return await promise;
}
