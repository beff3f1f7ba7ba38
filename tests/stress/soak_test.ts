import assert from "node:assert/strict";
import { soak } from "./soak/run.ts";
import { problemsOf, SPARE_DESCRIPTORS, summarizeSide } from "./soak/summary.ts";
import { PATTERNS, type Sample } from "./soak/task.ts";
import { inScratch } from "../support/scratch.ts";

Deno.test("while sockets of all patterns work, and open and close, nothing stays open or mapped", () =>
  inScratch(async ({ path, names }) => {
    const seconds = 6;
    const summaries = await Promise.all(
      PATTERNS.map((pattern) => soak({ pattern, seconds, dir: path })),
    );
    for (const { pattern, sender, receiver } of summaries) {
      for (const side of [sender, receiver]) {
        assert.ok(side.messages > 10, `${pattern}: ${side.messages} messages`);
        assert.equal(side.wrong, 0, pattern);
        const opened = side.descriptors.last - side.descriptors.first;
        assert.ok(opened <= SPARE_DESCRIPTORS, `${pattern}: ${opened} more descriptors`);
        assert.equal(side.mappings.last, side.mappings.first, pattern);
        assert.equal(side.mappings.last, pattern === "churn" ? 0 : 1, pattern);
      }
    }
    // The last messages may not have been taken.
    assert.deepEqual(names().filter((name) => name !== "queue"), []);
    if (names().includes("queue")) Deno.removeSync(`${path}/queue`);
  }));

/** Samples of a process that leaks `leak` bytes for each message, over ten seconds. */
function samplesOf(leak: number): Sample[] {
  return Array.from({ length: 10 }, (_, second) => ({
    messages: second * 1e6,
    missed: 0,
    wrong: 0,
    rssBytes: 80e6 + second * 1e6 * leak,
    descriptors: 20 + (leak > 0 ? second : 0),
    mappings: 1,
  }));
}

Deno.test("a soak reports memory and descriptors that grow", () => {
  const [sound, leaky] = [0, 3].map((leak) => summarizeSide(samplesOf(leak)));
  const summary = { pattern: "queue", messagesPerSecond: 1e6, receiver: sound } as const;
  assert.deepEqual(problemsOf({ ...summary, sender: sound }), []);
  assert.deepEqual(problemsOf({ ...summary, sender: leaky }), [
    "queue, sender: descriptors grew to 29",
    "queue, sender: memory grew by 3000000 bytes for each million messages",
  ]);
});
