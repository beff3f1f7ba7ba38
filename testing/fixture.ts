/**
 * Fixtures as wrappers of a test's body.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";

/** A test's body that works with a fixture. */
export type FixtureTest<F> = (t: Deno.TestContext, fixture: F) => void | Promise<void>;

/**
 * Wraps a test's body: creates a fixture before it, and disposes the fixture after it, also when it throws.
 * If both fail, the test fails with the error of its body, and that of the fixture is printed.
 *
 * @example
 * ```ts
 * import { redisServer, withFixture } from "@ringbus/ringbus/testing";
 *
 * Deno.test(
 *   "a counter begins at 1",
 *   withFixture(redisServer, async (_t, server) => {
 *     if (await server.command("INCR", "counter") !== 1) throw new Error("not 1");
 *   }),
 * );
 * ```
 */
export function withFixture<F extends AsyncDisposable>(
  open: () => Promise<F>,
  test: FixtureTest<F>,
): (t: Deno.TestContext) => Promise<void> {
  checkNoMore("withFixture()", arguments, 2);
  return async (t) => {
    const fixture = await open();
    try {
      await test(t, fixture);
    } catch (error) {
      await disposeQuietly(fixture);
      throw error;
    }
    await fixture[Symbol.asyncDispose]();
  };
}

async function disposeQuietly(fixture: AsyncDisposable): Promise<void> {
  try {
    await fixture[Symbol.asyncDispose]();
  } catch (error) {
    console.error("after the test had failed, its fixture could not be disposed:", error);
  }
}
