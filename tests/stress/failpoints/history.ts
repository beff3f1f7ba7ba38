/**
 * What late subscribers get when publishers and subscribers die or stop between two writes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describeChannel } from "../../../lib/observe/registry.ts";
import { Publisher, Subscriber } from "../../../mod.ts";
import { numbers } from "../../conformance/channel/values.ts";
import { withPausableChildren } from "../../support/pausable_child.ts";
import { openSocket } from "../../support/peer.ts";
import type { PointName } from "./points.ts";

const CAPACITY_BYTES = 1024;
const OLDEST = { since: "oldest" } as const;

/** Where a publisher dies: within a commit, and while it evicts. */
const PUBLISHING = [
  "CLAIM_WRITTEN",
  "COMMIT_LAST",
  "COMMIT_PUBLISHED",
  "COMMIT_COUNTED",
  "EVICT_COUNTED",
  "EVICT_MOVED",
] as const satisfies PointName[];

/** Messages that a lane has had when its subscriber got the newest of them; they are numbered. */
function assertNewest({ received, missed }: { received: number[]; missed: number }): number {
  const sent = received.length + missed;
  assert.ok(received.length > 0);
  assert.deepEqual(received, numbers(received.length, missed));
  return sent;
}

function readAll(target: string, dir: string): { received: number[]; missed: number } {
  using subscriber = new Subscriber<number>(target, { dir, ...OLDEST });
  const received = subscriber.drain();
  return { received, missed: subscriber.statistics().missed };
}

/** Registers the tests. The ring with failpoints is compiled once in a process. */
export function testHistory(): void {
  Deno.test("a publisher that dies at any moment leaves its history, and its successor goes on", () =>
    withPausableChildren(async ({ path: dir }, hold) => {
      const dieAt = async (target: PointName) => {
        using witness = new Subscriber<number>(target, { dir, capacityBytes: CAPACITY_BYTES });
        const { child, arm, untilPaused } = hold();
        await openSocket(child, "out", "publisher", target, {
          dir,
          history: 10,
          historyMessageBytes: 8,
        });
        await child.execute({ do: "send", id: "out", values: numbers(60), mode: "many" });
        arm(target);
        await child.sendCommand({ do: "send", id: "out", values: numbers(60, 60) });
        await untilPaused();
        assertNewest(readAll(target, dir));
        child.kill("SIGKILL");
        await child.ended();

        const sent = assertNewest(readAll(target, dir));
        assert.ok(sent >= 60, `${target}: ${sent}`);
        using successor = new Publisher<number>(target, { dir });
        using late = new Subscriber<number>(target, { dir, ...OLDEST });
        using newest = new Subscriber<number>(target, { dir, since: 3 });
        successor.send(sent);
        const all = { received: late.drain(), missed: late.statistics().missed };
        assert.equal(assertNewest(all), sent + 1, target);
        assert.ok(all.received.length > 10, target);
        assert.deepEqual(newest.drain(), numbers(4, sent - 3), target);
        const seen = witness.drain();
        assert.deepEqual(seen, numbers(seen.length, sent + 1 - seen.length), target);
      };
      await Promise.all(PUBLISHING.map(dieAt));
    }));

  Deno.test("a subscriber that is stopped or dies while it looks for its history affects nobody", () =>
    withPausableChildren(async ({ path: dir }, hold) => {
      const { child, arm, untilPaused, release } = hold();
      const standAt = async (point: "HISTORY_MOVED" | "HISTORY_COUNTED", isLast: boolean) => {
        const target = `${point}-${isLast}`;
        using publisher = new Publisher<number>(target, { dir, capacityBytes: CAPACITY_BYTES });
        publisher.sendMany(numbers(60));
        arm(point);
        await child.sendCommand({
          do: "open",
          id: target,
          role: "subscriber",
          target,
          options: { dir, ...OLDEST },
        });
        await untilPaused();
        for (let n = 60; n < 200; n++) publisher.send(n);
        if (isLast) {
          child.kill("SIGKILL");
          await child.ended();
        } else {
          release();
          await child.result();
          const received = await child.execute<number[]>({
            do: "receive",
            id: target,
            mode: "drain",
            count: publisherKeeps(target, dir),
          });
          const { missed } = await child.execute<{ missed: number }>({
            do: "statistics",
            id: target,
          });
          assert.equal(assertNewest({ received, missed }), 200);
          await child.execute({ do: "close", id: target });
        }
        assert.equal(assertNewest(readAll(target, dir)), 200);
      };
      await standAt("HISTORY_MOVED", false);
      await standAt("HISTORY_COUNTED", false);
      await standAt("HISTORY_MOVED", true);
    }));

  Deno.test("a message that is sent once a subscriber can be seen reaches it", () =>
    withPausableChildren(async ({ path: dir }, hold) => {
      const { child, arm, untilPaused, release } = hold();
      using publisher = new Publisher<string>("seen", { dir });
      publisher.send("before");
      const isSeen = () =>
        describeChannel("seen", { dir })!.participants.some(({ role }) => role === "subscriber");
      const options = { dir };
      for (const point of ["CURSORS_CLEARED", "CURSOR_COUNTED", "JOIN_ROLE"] as const) {
        arm(point);
        await child.sendCommand({
          do: "open",
          id: "in",
          role: "subscriber",
          target: "seen",
          options,
        });
        await untilPaused();
        assert.equal(isSeen(), point === "JOIN_ROLE", point);
        if (isSeen()) publisher.send(point);
        release();
        await child.result();
        publisher.send("after");
        const expected = point === "JOIN_ROLE" ? [point, "after"] : ["after"];
        const received = await child.execute({
          do: "receive",
          id: "in",
          mode: "drain",
          count: expected.length,
        });
        assert.deepEqual(received, expected, point);
        await child.execute({ do: "close", id: "in" });
      }
    }));
}

function publisherKeeps(target: string, dir: string): number {
  return readAll(target, dir).received.length;
}
