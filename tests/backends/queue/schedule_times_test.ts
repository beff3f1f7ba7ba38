import assert from "node:assert/strict";
import { timeAfter } from "../../../backends/queue/schedule/times.ts";
import { toRule, toStoredRule } from "../../../backends/queue/schedule/rule.ts";
import { Program } from "../../support/program.ts";
import type { ScheduleRule } from "../../../mod.ts";

/** The first times of a rule, as text. */
async function times(rule: ScheduleRule, from: string, count: number): Promise<string[]> {
  const stored = { ...toStoredRule(rule), anchorMs: Date.parse(from) };
  const found: string[] = [];
  let afterMs = Date.parse(from);
  for (let i = 0; i < count; i++) {
    const next = await timeAfter(stored, afterMs);
    if (next === null) break;
    found.push(new Date(next).toISOString().replace(":00.000Z", ""));
    afterMs = next;
  }
  return found;
}

Deno.test("schedule: an expression with five or six fields, in UTC by default", async () => {
  assert.deepEqual(await times({ cron: "*/20 9-10 * * 1" }, "2026-01-01T00:00:00Z", 7), [
    "2026-01-05T09:00",
    "2026-01-05T09:20",
    "2026-01-05T09:40",
    "2026-01-05T10:00",
    "2026-01-05T10:20",
    "2026-01-05T10:40",
    "2026-01-12T09:00",
  ]);
  assert.deepEqual(await times({ cron: "30 0 0 1 1 *" }, "2026-01-01T00:00:30Z", 1), [
    "2027-01-01T00:00:30.000Z",
  ]);
});

Deno.test("schedule: a time that the change to summer time skips is an hour later", async () => {
  const rule = { cron: "30 2 * * *", timeZone: "Europe/Berlin" };
  assert.deepEqual(await times(rule, "2026-03-27T12:00:00Z", 3), [
    "2026-03-28T01:30",
    "2026-03-29T01:00",
    "2026-03-30T00:30",
  ]);
});

Deno.test("schedule: a time that comes twice at the end of summer time fires once", async () => {
  const rule = { cron: "30 2 * * *", timeZone: "Europe/Berlin" };
  assert.deepEqual(await times(rule, "2026-10-24T12:00:00Z", 2), [
    "2026-10-25T00:30",
    "2026-10-26T01:30",
  ]);
});

Deno.test("schedule: intervals count from startAt, also if that has passed", async () => {
  const startAt = new Date("2026-01-01T00:10:00Z");
  const rule = { everySeconds: 3600, startAt };
  assert.deepEqual(await times(rule, "2026-01-01T00:00:00Z", 2), [
    "2026-01-01T00:10",
    "2026-01-01T01:10",
  ]);
  assert.deepEqual(await times(rule, "2026-01-01T05:00:00Z", 1), ["2026-01-01T05:10"]);
  assert.deepEqual(await times(rule, "2026-01-01T05:10:00Z", 1), ["2026-01-01T06:10"]);
  assert.deepEqual(await times({ everySeconds: 60 }, "2026-01-01T00:00:00Z", 2), [
    "2026-01-01T00:01",
    "2026-01-01T00:02",
  ]);
});

Deno.test("schedule: startAt and endAt belong to the times", async () => {
  const bounds = {
    startAt: new Date("2026-01-01T12:00:00Z"),
    endAt: new Date("2026-01-01T14:00:00Z"),
  };
  const hours = ["2026-01-01T12:00", "2026-01-01T13:00", "2026-01-01T14:00"];
  for (const rule of [{ cron: "0 * * * *" }, { everySeconds: 3600 }]) {
    assert.deepEqual(await times({ ...rule, ...bounds }, "2026-01-01T00:00:00Z", 9), hours);
  }
});

Deno.test("schedule: a rule is the same after it was stored", () => {
  const rule: ScheduleRule = {
    cron: "0 9 * * *",
    timeZone: "Asia/Tokyo",
    startAt: new Date(1),
    endAt: new Date(2),
    limit: 3,
    catchUp: false,
  };
  assert.deepEqual(toRule(JSON.parse(JSON.stringify(toStoredRule(rule)))), rule);
  assert.deepEqual(toRule(toStoredRule({ everySeconds: 1.5 })), { everySeconds: 1.5 });
});

Deno.test("schedule: the first expression loads a package, and nothing before does", async () => {
  const program = "tests/support/programs/queue_without_packages.ts";
  const cache = Deno.makeTempDirSync({ prefix: "ringbus-test-cache-" });
  try {
    await using offline = new Program(["--no-npm", program], { DENO_DIR: cache });
    assert.deepEqual(await offline.lines(), ["done 0", "not loaded"]);
  } finally {
    Deno.removeSync(cache, { recursive: true });
  }
  await using online = new Program([program]);
  assert.deepEqual(await online.lines(), ["done 0", "loaded"]);
});
