/**
 * Several works at once, of which the first that fails ends all.
 *
 * @module
 */

/** Waits for all works. If one fails, calls `end`, waits for the others, and throws its error. */
export async function together(
  works: readonly (() => Promise<void>)[],
  end: () => void,
): Promise<void> {
  const results = await Promise.allSettled(works.map(async (work) => {
    try {
      await work();
    } catch (error) {
      end();
      throw error;
    }
  }));
  const failed = results.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}
