import assert from "node:assert/strict";
import { parseOptions } from "./options.ts";
import type { PatternName } from "./patterns.ts";
import { ROWS, summarize, tableOf } from "./report.ts";
import { run } from "./run.ts";
import { planAttacks } from "./schedule.ts";
import { Random } from "../support/random.ts";
import { inScratch } from "../support/scratch.ts";
import { withSeed } from "../support/seed.ts";

/** How often each pattern is attacked in a run of the tests, which has to end soon. */
const KILLS: Record<PatternName, number> = {
  pubsub: 18,
  history: 6,
  topics: 6,
  queue: 18,
  requests: 18,
  ack: 18,
};

for (const [name, kills] of Object.entries(KILLS)) {
  const pattern = name as PatternName;
  Deno.test(`${pattern} survives kills and stops at random times`, () =>
    inScratch(({ path: dir }) =>
      withSeed(async (seed) => {
        const plan = { seed, patterns: [pattern], kills, minutes: undefined };
        const [total] = await run({ ...plan, session: undefined, dir });
        assert.equal(total.kills, kills);
        assert.equal(total.afterKillsMs.length, kills, "a survivor must continue after every kill");
        assert.ok(total.messages > 50 * kills, `${total.messages} messages`);
        assert.match(tableOf(ROWS, [summarize(total)]), new RegExp(`kills survived +${kills}\n`));
      })
    ));
}

Deno.test("the same seed attacks the same victims at the same times", () => {
  const plan = (seed: number) => planAttacks(new Random(seed), [["pusher", 3], ["puller", 3]], 50);
  assert.deepEqual(plan(7), plan(7));
  assert.notDeepEqual(plan(7), plan(8));
  assert.equal(plan(7).filter(({ stopMs }) => stopMs === undefined).length, 50);
});

Deno.test("the command line of the stress test reports errors in it", () => {
  const { patterns, kills, seed } = parseOptions(["--pattern", "queue", "--kills=5", "--seed=9"]);
  assert.deepEqual({ patterns, kills, seed }, { patterns: ["queue"], kills: 5, seed: 9 });
  assert.throws(() => parseOptions(["--pattern", "mail"]), /--pattern must be pubsub, .* "mail"/);
  assert.throws(() => parseOptions(["--kills", "0"]), /--kills must be .* at least 1, not 0/);
  assert.throws(() => parseOptions(["--speed", "1"]), TypeError);
});
