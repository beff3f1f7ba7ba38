/**
 * What is left of messages with topics when their publisher dies between two writes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { inspect } from "../../../lib/observe/inspect.ts";
import { ChannelReader } from "../../../lib/observe/reader.ts";
import { SegmentFile } from "../../../lib/observe/segment_file.ts";
import { Publisher, Subscriber, type TopicMessage } from "../../../mod.ts";
import { numbers } from "../../conformance/channel/values.ts";
import { withPausableChildren } from "../../support/pausable_child.ts";
import { openSocket } from "../../support/peer.ts";
import type { PointName } from "./points.ts";

const CAPACITY_BYTES = 4096;
const OLDEST = { since: "oldest" } as const;
/** Longer than a record can be: such a message lies in a block, and its topic in the ring. */
const BIG = "big".repeat(1000);

const DYING = [
  "RECORD_SIZED",
  "CLAIM_WRITTEN",
  "COMMIT_LAST",
  "COMMIT_PUBLISHED",
] as const satisfies PointName[];

/** What the files of a channel tell: topics of what `tail` reads, and of what `inspect` finds. */
function observedTopics(path: string): { tailed: unknown[]; inspected: unknown[] } {
  using file = SegmentFile.open(path);
  const { messages, issues } = new ChannelReader(file, "test", "oldest").read();
  const { records, issues: damage } = inspect(file, { records: 100 });
  assert.deepEqual([issues, damage], [[], []]);
  const committed = records.filter(({ state }) => state === "committed");
  return {
    tailed: messages.map(({ topic }) => topic),
    inspected: committed.map(({ topic }) => topic),
  };
}

/** Registers the tests. The ring with failpoints is compiled once in a process. */
export function testTopics(): void {
  Deno.test("a topic arrives with its message or not at all when its publisher dies", () =>
    withPausableChildren(async ({ path: dir }, hold) => {
      const dieAt = async (target: PointName) => {
        const options = { dir, capacityBytes: CAPACITY_BYTES };
        using witness = new Subscriber<TopicMessage>(target, { ...options, withTopic: true });
        using chooser = new Subscriber(target, { dir, topics: ["pose.*"] });
        using newest = new Subscriber(target, { dir, conflate: true });
        const { child, arm, untilPaused } = hold();
        await openSocket(child, "out", "publisher", target, options);
        const send = (topic: string, values: unknown[]) =>
          ({ do: "send", id: "out", topic, values }) as const;
        await child.execute(send("battery", numbers(3)));
        await child.execute(send("pose.arm", [BIG]));
        arm(target);
        await child.sendCommand(send("pose.base", [BIG]));
        await untilPaused();
        child.kill("SIGKILL");
        await child.ended();

        const isThere = target === "COMMIT_PUBLISHED";
        const topics = ["battery", "battery", "battery", "pose.arm"];
        if (isThere) topics.push("pose.base");
        const seen = observedTopics(`${dir}/${target}`);
        assert.deepEqual(seen, { tailed: topics, inspected: topics }, target);
        using successor = new Publisher(target, { dir });
        successor.send(BIG, { topic: "pose.next" });
        successor.send("end");
        topics.push("pose.next");
        const received = witness.drain();
        assert.deepEqual(received.map(({ topic }) => topic), [...topics, undefined], target);
        const values = [0, 1, 2, ...topics.slice(3).map(() => BIG), "end"];
        assert.deepEqual(received.map(({ value }) => value), values, target);
        assert.equal(chooser.drain().length, topics.length - 3, target);
        assert.deepEqual(newest.drain().length, topics.length - 1, target);
        using late = new Subscriber(target, { dir, ...OLDEST, topics: ["pose.next"] });
        assert.deepEqual(late.drain(), [BIG], target);
        for (
          const { statistics } of [witness, chooser, newest, late].map((socket) => ({
            statistics: socket.statistics(),
          }))
        ) assert.deepEqual([statistics.missed, statistics.errors], [0, 0], target);
      };
      await Promise.all(DYING.map(dieAt));
    }));
}
