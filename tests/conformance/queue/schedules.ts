import assert from "node:assert/strict";
import type { MessageQueue, MessageRecord, PublishOptions, ScheduleRule } from "../../../mod.ts";
import { sleep, until } from "../../support/deadline.ts";
import { payloads, type QueueStage, task, type TestOn } from "./stage.ts";

/** Long enough to be seen between two times. */
const EVERY_SECONDS = 0.4;
const EVERY_MS = EVERY_SECONDS * 1000;
/** Later than anything here. */
const FAR = new Date(Date.UTC(2090, 0, 1));

/** A record that is new tells the time of the store. */
async function timeOfStore(stage: QueueStage): Promise<number> {
  await using queue = await stage.open({ namespace: "time" });
  return (await queue.publish(task("now"))).createdAt.getTime();
}

/** When the messages of a schedule were due, the first one first. */
async function dueTimes(queue: MessageQueue, key: string): Promise<number[]> {
  const records = await queue.list({ limit: 1000 });
  return records.reverse().flatMap(({ metadata }) => {
    const schedule = metadata.schedule as { key: string; dueAt: string };
    return schedule.key === key ? [Date.parse(schedule.dueAt)] : [];
  });
}

/** Checks that times follow each other without a gap or a repetition. */
function assertRegular(times: readonly number[]): void {
  const expected = times.map((_, i) => times[0] + i * EVERY_MS);
  assert.deepEqual(times, expected);
}

/** Lets time pass until there are that many messages. */
async function passUntil(stage: QueueStage, queue: MessageQueue, count: number): Promise<void> {
  await until(async () => {
    await stage.advance(50);
    await sleep(2);
    return await queue.count() >= count;
  }, `message ${count} of a schedule`);
}

/** Messages that are published again and again. */
export function scheduleTests(test: TestOn, waiting: TestOn): void {
  callTests(test);
  timeTests(waiting);
  missedTests(waiting);
}

function callTests(test: TestOn): void {
  test("a schedule is listed with its rule, its message and its next time", async (stage) => {
    const queue = await stage.open();
    const message = task({ report: "daily" }, { priority: 3, metadata: { team: "a" } });
    const rule: ScheduleRule = {
      cron: "30 9 * * 1-5",
      timeZone: "America/New_York",
      endAt: FAR,
      limit: 1000,
    };
    const daily = await queue.schedule("daily", rule, message);
    assert.deepEqual(daily.rule, rule);
    assert.deepEqual(daily.message, message);
    assert.equal(daily.count, 0);
    const parts = new Intl.DateTimeFormat("en-US", {
      timeZone: "America/New_York",
      weekday: "short",
      hour: "numeric",
      minute: "numeric",
      hour12: false,
    }).format(daily.nextAt!);
    assert.match(parts, /^(Mon|Tue|Wed|Thu|Fri) 0?9:30$/);
    const hourly = await queue.schedule("a hourly", { everySeconds: 3600, startAt: FAR }, message);
    assert.deepEqual(hourly.nextAt, FAR);
    const other = await stage.open();
    assert.deepEqual(await other.schedules(), [hourly, daily]);
    assert.equal(await other.unschedule("daily"), true);
    assert.equal(await other.unschedule("daily"), false);
    assert.deepEqual(await queue.schedules(), [hourly]);
    assert.equal(await queue.count(), 0);
  });

  test("a schedule that is set again goes on, and another rule begins anew", async (stage) => {
    const queue = await stage.open();
    const first = await queue.schedule("hourly", { everySeconds: 3600 }, task("old"));
    await stage.advance(20);
    const same = await queue.schedule("hourly", { everySeconds: 3600 }, task("old"));
    assert.deepEqual(same, first);
    const renewed = await queue.schedule("hourly", { everySeconds: 3600 }, task("new"));
    assert.deepEqual(renewed, { ...first, message: task("new") });
    const other = await queue.schedule("hourly", { everySeconds: 1800 }, task("new"));
    assert.ok(other.nextAt!.getTime() < first.nextAt!.getTime());
    assert.deepEqual(await queue.schedules(), [other]);
  });

  test("processes that set one schedule at the same time make one of it", async (stage) => {
    const queues = await Promise.all([1, 2, 3].map(() => stage.open()));
    const records = await Promise.all(
      queues.map((queue) => queue.schedule("hourly", { everySeconds: 3600 }, task("one"))),
    );
    const [stored, ...others] = await queues[0].schedules();
    assert.deepEqual(others, []);
    for (const record of records) assert.deepEqual(record, stored);
  });

  test("the arguments of a schedule are checked", async (stage) => {
    const queue = await stage.open();
    const set = (rule: unknown, message: unknown = task(1), key = "key") =>
      queue.schedule(key, rule as ScheduleRule, message as PublishOptions);
    await assert.rejects(set({}), { name: "TypeError", message: /cron or everySeconds/ });
    const both = { cron: "* * * * *", everySeconds: 1 };
    await assert.rejects(set(both), { name: "TypeError", message: /not both/ });
    await assert.rejects(set({ cron: "* * * *" }), { name: "TypeError", message: /five or six/ });
    await assert.rejects(set({ cron: "99 * * * *" }), { name: "TypeError", message: /99/ });
    await assert.rejects(set({ cron: 5 }), { name: "TypeError", message: /cron/ });
    await assert.rejects(set({ cron: "0 0 30 2 *" }), { name: "RangeError", message: /no time/ });
    await assert.rejects(set({ everySeconds: 0 }), { name: "RangeError", message: /everySeconds/ });
    const zone = { cron: "* * * * *", timeZone: "Mars/Base" };
    await assert.rejects(set(zone), { name: "RangeError", message: /Mars\/Base/ });
    const useless = { everySeconds: 1, timeZone: "UTC" };
    await assert.rejects(set(useless), { name: "TypeError", message: /timeZone only with cron/ });
    await assert.rejects(set({ everySeconds: 1, limit: 0 }), { message: /limit.* 0/ });
    await assert.rejects(set({ everySeconds: 1, every: 2 }), { message: /no option "every"/ });
    const past = { everySeconds: 1, endAt: new Date(0) };
    await assert.rejects(set(past), { name: "RangeError", message: /no time/ });
    const rule = { everySeconds: 3600 };
    await assert.rejects(set(rule, task(1n)), { name: "QueueSerializationError" });
    await assert.rejects(set(rule, { channel: "a" }), { message: /sourceAgent/ });
    const dated = task(1, { deliverAt: FAR });
    await assert.rejects(set(rule, dated), { name: "TypeError", message: /delaySeconds/ });
    await assert.rejects(set(rule, task(1), ""), { name: "TypeError", message: /key/ });
    assert.deepEqual(await queue.schedules(), []);
  });
}

function timeTests(waiting: TestOn): void {
  waiting("a schedule publishes one message a due time over all processes", async (stage) => {
    const queues = await Promise.all([1, 2, 3].map(() => stage.open()));
    const rule = { everySeconds: EVERY_SECONDS };
    const set = await Promise.all(queues.map((queue) => {
      return queue.schedule("tick", rule, task("tick", { metadata: { team: "a" } }));
    }));
    await passUntil(stage, queues[0], 4);
    const times = await dueTimes(queues[0], "tick");
    assert.equal(times[0], set[0].nextAt!.getTime());
    assertRegular(times);
    const [schedule] = await queues[1].schedules();
    assert.ok(schedule.count >= times.length);
    assert.equal(schedule.nextAt!.getTime(), times[0] + schedule.count * EVERY_MS);
    const [newest] = await queues[2].list();
    assert.equal(newest.metadata.team, "a");
    assert.equal(newest.targetAgent, "worker");
  });

  waiting(
    "a schedule ends after its limit, and stays ended when it is set again",
    async (stage) => {
      const queue = await stage.open();
      const rule = { everySeconds: EVERY_SECONDS, limit: 2 };
      await queue.schedule("twice", rule, task("twice"));
      await passUntil(stage, queue, 2);
      const [ended] = await queue.schedules();
      assert.deepEqual([ended.count, ended.nextAt], [2, null]);
      assert.deepEqual(await queue.schedule("twice", rule, task("twice")), ended);
      await stage.advance(2 * EVERY_MS);
      await sleep(20);
      assert.equal(await queue.count(), 2);
    },
  );

  waiting("a schedule begins at startAt, and ends at endAt", async (stage) => {
    const queue = await stage.open();
    const startMs = await timeOfStore(stage) + 2000;
    const startAt = new Date(startMs);
    const endAt = new Date(startMs + 1.5 * EVERY_MS);
    await queue.schedule("bounded", { everySeconds: EVERY_SECONDS, startAt, endAt }, task("b"));
    await passUntil(stage, queue, 2);
    assert.deepEqual(await dueTimes(queue, "bounded"), [startMs, startMs + EVERY_MS]);
    const [{ nextAt }] = await queue.schedules();
    assert.equal(nextAt, null);
  });

  waiting("a cron expression with seconds publishes at each of them", async (stage) => {
    const queue = await stage.open();
    await queue.schedule("seconds", { cron: "* * * * * *" }, task("second"));
    await passUntil(stage, queue, 2);
    const [first, second] = await dueTimes(queue, "seconds");
    assert.equal(first % 1000, 0);
    assert.equal(second, first + 1000);
  });

  waiting("a schedule that is removed publishes nothing more", async (stage) => {
    const queue = await stage.open();
    await queue.schedule("tick", { everySeconds: EVERY_SECONDS }, task("tick"));
    await passUntil(stage, queue, 1);
    assert.equal(await queue.unschedule("tick"), true);
    const count = await queue.count();
    await stage.advance(3 * EVERY_MS);
    await sleep(20);
    assert.equal(await queue.count(), count);
  });

  waiting("the message of a schedule may itself be for later", async (stage) => {
    const queue = await stage.open();
    const later = task("later", { delaySeconds: 3600 });
    await queue.schedule("tick", { everySeconds: EVERY_SECONDS, limit: 1 }, later);
    await passUntil(stage, queue, 1);
    const delayed: MessageRecord[] = await queue.getDelayed();
    assert.deepEqual(payloads(delayed), ["later"]);
  });
}

function missedTests(waiting: TestOn): void {
  waiting("times that pass while no process runs are published one by one", async (stage) => {
    const first = await stage.open();
    await first.schedule("tick", { everySeconds: EVERY_SECONDS }, task("tick"));
    await first.close();
    await stage.advance(4 * EVERY_MS);
    const queue = await stage.open();
    await passUntil(stage, queue, 5);
    assertRegular(await dueTimes(queue, "tick"));
  });

  waiting("with catchUp: false such times are skipped", async (stage) => {
    const first = await stage.open();
    const rule = { everySeconds: EVERY_SECONDS, catchUp: false };
    await first.schedule("tick", rule, task("tick"));
    await first.close();
    await stage.advance(4 * EVERY_MS);
    const openedMs = await timeOfStore(stage);
    const queue = await stage.open();
    await passUntil(stage, queue, 3);
    const times = await dueTimes(queue, "tick");
    assert.ok(times[0] >= openedMs);
    assertRegular(times);
  });
}
