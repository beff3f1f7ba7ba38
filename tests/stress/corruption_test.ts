import assert from "node:assert/strict";
import { fuzz, isBetweenProcesses, range } from "./corruption/fuzz.ts";
import { makeMessage, MessageVerifier } from "./corruption/message_verifier.ts";
import { inScratch } from "../support/scratch.ts";
import { withSeed } from "../support/seed.ts";

/** The cases of one seed find about two such messages, and of some seeds none. */
const CANARY_SEEDS = range(1, 11);

Deno.test("damage of a live segment ends in right messages or in corruption errors", () =>
  inScratch(({ path }) =>
    withSeed(async (seed) => {
      const report = await fuzz({ seed, indices: range(0, 250), dir: path });
      assert.deepEqual(report.failures, [], `deno task fuzz --seed ${seed} repeats them`);
      assert.equal(report.cases, 250);
      assert.ok(report.stats.strikesWithin > 2500, "sockets must be struck within their calls");
      assert.ok(report.stats.messages > 2500);
      assert.ok(report.stats.errors["ShmCorruptionError"] > 250);
    })
  ));

Deno.test("with two checks disabled the fuzzer finds bytes that were never a message", () =>
  inScratch(async ({ path }) => {
    for (const seed of CANARY_SEEDS) if (await findsCanary(seed, path)) return;
    assert.fail(`no case of the seeds ${CANARY_SEEDS} found it`);
  }));

async function findsCanary(seed: number, dir: string): Promise<boolean> {
  const indices = range(0, 200).filter((index) => !isBetweenProcesses(index));
  const { failures } = await fuzz({ seed, indices, dir, isCanary: true });
  return failures.some(({ failure }) => failure.includes("that were never a message"));
}

Deno.test("only a message that was overwritten at one place passes as overwritten", () => {
  const verifier = new MessageVerifier(7);
  const messages = [verifier.make(100), verifier.make(100), verifier.make(60)];
  for (const message of messages) assert.equal(verifier.problemWith(message), undefined);
  assert.ok(verifier.problemWith(makeMessage(7, 3, 100)), "never sent");
  assert.ok(verifier.problemWith(messages[0].subarray(0, 99)), "too short");

  const struck = messages[0].slice();
  struck.set([1, 2, 3, 4], 50);
  assert.ok(verifier.problemWith(struck), "nothing was written there");
  verifier.overwrite(1000, new Uint8Array([1, 2, 3, 4]));
  assert.equal(verifier.problemWith(struck), undefined);

  const torn = messages[0].slice();
  torn.set(messages[1].subarray(50), 50);
  assert.ok(verifier.problemWith(torn), "half of another message");
  struck.set([1, 2, 3, 4], 70);
  assert.ok(verifier.problemWith(struck), "one overwrite is at one place");

  const returned = new MessageVerifier(7, 2);
  returned.make(100);
  returned.overwrite(1000, new Uint8Array([1, 2, 3, 4]));
  assert.equal(returned.problemWith(struck), undefined, "once in a ring, once in a block");
  struck.set([1, 2, 3, 4], 90);
  assert.ok(returned.problemWith(struck), "there is no third place");
});
