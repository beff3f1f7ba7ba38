import assert from "node:assert/strict";
import fc from "fast-check";
import { assertProperty } from "./property.ts";
import { runSeed, withSeed } from "./seed.ts";

const AGAIN = new RegExp(
  `to draw these samples again: RINGBUS_TEST_SEED=${runSeed()} deno task test tests/support/seed_test.ts$`,
);

Deno.test("a sample that fails, at once or later, reports the command that draws it again", async () => {
  const message = new RegExp(`^too big\n${AGAIN.source}`);
  const fail = () => {
    throw new RangeError("too big");
  };
  assert.throws(() => withSeed(fail), (error: Error) => {
    assert.match(error.message, message);
    assert.ok(error.cause instanceof RangeError);
    return true;
  });
  await assert.rejects(withSeed(() => Promise.resolve().then(fail)), { message });
});

Deno.test("a property is tried with the run's seed, and its failure reports the seed", async () => {
  const seen: number[][] = [[], []];
  for (const inputs of seen) assertProperty(fc.property(fc.nat(), (n) => void inputs.push(n)));
  assert.deepEqual(seen[0], seen[1]);
  assert.throws(() => assertProperty(fc.property(fc.nat(), (n) => n < 10)), AGAIN);
  await assert.rejects(
    assertProperty(fc.asyncProperty(fc.nat(), (n) => Promise.resolve(n < 10))),
    AGAIN,
  );
});
