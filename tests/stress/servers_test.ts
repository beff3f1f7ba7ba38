// Short runs of all stages of the fault injection into servers, and planted mistakes that they find.

import assert from "node:assert/strict";
import { Random } from "../support/random.ts";
import { withSeed } from "../support/seed.ts";
import { runDifferential } from "./servers/differential.ts";
import { NaiveStore } from "./servers/model.ts";
import { STAGES } from "./servers/stages.ts";
import { TARGETS } from "./servers/targets.ts";

for (const stage of STAGES.filter(({ isSlow }) => !isSlow)) {
  Deno.test(`servers: ${stage.name}`, () =>
    withSeed(async (seed) => {
      const figures = await stage.run({ random: new Random(seed), scale: 0.03 });
      for (const [what, count] of Object.entries(figures)) assert.ok(count > 0, `no ${what}`);
    }));
}

/** Models with one mistake each. */
const MISTAKES: Record<string, () => NaiveStore> = {
  "messages of one millisecond are not later": () =>
    new class extends NaiveStore {
      override since(topic: string, id: bigint): bigint[] {
        return super.since(topic, id).filter((other) => other >> 22n !== id >> 22n);
      }
    }(),
  "a namespace does not matter": () =>
    new class extends NaiveStore {
      override byId(_namespace: string, ids: readonly bigint[]): bigint[] {
        return super.byId("n", ids);
      }
    }(),
  "nothing expires": () =>
    new class extends NaiveStore {
      override advance(): void {}
    }(),
  "a published value reaches two subscribers": () =>
    new class extends NaiveStore {
      override publish(channel: string, value: unknown): number {
        return 2 * super.publish(channel, value);
      }
    }(),
  "an empty text is absent": () =>
    new class extends NaiveStore {
      override set(key: string, value: unknown): void {
        super.set(key, value || null);
      }
    }(),
};

for (const [mistake, model] of Object.entries(MISTAKES)) {
  Deno.test(`servers: the differential run finds it if ${mistake}`, () =>
    withSeed(async (seed) => {
      const run = runDifferential(TARGETS[0], new Random(seed), 4000, model());
      await assert.rejects(run, assert.AssertionError);
    }));
}
