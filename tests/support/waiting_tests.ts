/**
 * Tests that mostly wait until real time has passed. They are defined as one test, in which some of them
 * wait at the same time.
 *
 * @module
 */

/** Few, so that the work of the others delays none for long. */
const AT_ONCE = 6;

/** Tests that become one. */
export class WaitingTests {
  readonly #tests: [name: string, body: () => Promise<void>][] = [];

  /** Adds a test. */
  add(name: string, body: () => Promise<void>): void {
    this.#tests.push([name, body]);
  }

  /** Defines the one test that runs all. Its error names each that failed. */
  define(name: string): void {
    const tests = this.#tests;
    Deno.test(`${name}: ${tests.length} tests that wait`, async () => {
      const errors: Error[] = [];
      for (let i = 0; i < tests.length; i += AT_ONCE) {
        await Promise.all(
          tests.slice(i, i + AT_ONCE).map(([name, body]) =>
            body().catch((cause) => void errors.push(new Error(name, { cause })))
          ),
        );
      }
      if (errors.length > 0) throw new AggregateError(errors, errors.map(describe).join("\n"));
    });
  }
}

function describe({ message, cause }: Error): string {
  return `${message}: ${cause instanceof Error ? cause.stack : cause}`;
}
