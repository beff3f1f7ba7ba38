// A puller stops at each failpoint of leasing a message. The others continue while it is stopped; then it is
// killed, or continues itself. In both cases no message is lost.

import assert from "node:assert/strict";
import { type Delivery, Puller, Pusher, removeStale } from "../../../mod.ts";
import { failpointRing } from "../../stress/failpoints/ring.ts";
import { ACK_POINTS, numberOf, type PointName } from "../../stress/failpoints/points.ts";
import type { Child } from "../../support/child.ts";
import { sleep, until } from "../../support/deadline.ts";
import { inScratch, type Scratch } from "../../support/scratch.ts";
import { openSocket } from "../../support/peer.ts";
import { Stopwatch } from "../../support/stopwatch.ts";

/** Ten times the time for which a process that stopped or died may delay others. */
const RECOVERY_BOUND_MS = 1000;
const MESSAGES = 6;
/** Larger than the buffer that a slot has at first. */
const MESSAGE_BYTES = 5000;

interface Scenario {
  /** What the puller does, and the points at which it stops on the way. */
  work: "take" | "nack" | "close" | "join" | "plain";
  points: PointName[];
  /** How often the first point is passed before it stops there. */
  passes?: number;
  /** What happens before: another puller returns all its messages, or dies with them. */
  before?: "return" | "death";
  /** Messages that no other puller can get while it is stopped. */
  keeps?: number;
  /** Messages that are done when it is killed there. */
  loses?: number;
  /** Messages that others got while it was stopped, and get again after it was killed. */
  doubles?: number;
}

const SCENARIOS: Scenario[] = [
  { work: "take", points: ["LEASE_TABLE_FILLED"] },
  { work: "take", points: ["LEASE_TABLE_PUBLISHED"] },
  { work: "take", points: ["BUFFER_CHECKSUMMED"] },
  { work: "take", points: ["BUFFER_OFFSET"] },
  { work: "take", points: ["BUFFER_SIZED"] },
  { work: "take", points: ["BUFFER_CHECKSUMMED"], passes: 64 },
  { work: "take", points: ["BUFFER_OFFSET"], passes: 64 },
  { work: "take", points: ["BUFFER_SIZED"], passes: 64 },
  { work: "take", points: ["LEASE_CLAIMED"] },
  { work: "take", points: ["LEASE_COPIED"] },
  { work: "take", points: ["LEASE_POSITION"] },
  { work: "take", points: ["LEASE_LANE"] },
  { work: "take", points: ["LEASE_LENGTH"] },
  { work: "take", points: ["LEASE_FLAGS"] },
  { work: "take", points: ["LEASE_CHECKSUMMED"], doubles: 0 },
  { work: "take", points: ["LEASE_ACQUIRED"], doubles: 1 },
  { work: "take", points: ["LEASE_ACQUIRED", "LEASE_CANCELLED"], doubles: 1 },
  { work: "take", points: ["TAKE_COPIED"], doubles: 1 },
  { work: "take", points: ["TAKE_MOVED"], keeps: 1 },
  { work: "take", points: ["LEASE_DATED"], keeps: 1 },
  { work: "take", points: ["LEASE_ACKNOWLEDGED"], loses: 1 },
  { work: "take", points: ["RETURN_LEASED"], before: "return", keeps: 1 },
  { work: "plain", points: ["RETURN_TAKEN"], before: "return", loses: 1 },
  { work: "nack", points: ["RETURN_MADE"] },
  { work: "nack", points: ["RETURN_ANNOUNCED"] },
  { work: "close", points: ["RETURN_MADE"], keeps: 1 },
  { work: "close", points: ["RETURN_ANNOUNCED"] },
  { work: "close", points: ["LEAVE_ROLE"] },
  { work: "join", points: ["RETURN_MADE"], before: "death" },
  { work: "join", points: ["RETURN_ANNOUNCED"], before: "death" },
  { work: "join", points: ["RECLAIM_OWNED"], before: "death" },
  { work: "join", points: ["RECLAIM_MARKED"], before: "death" },
  { work: "join", points: ["LEAVE_PIN"], before: "death" },
];

Deno.test("every failpoint of leasing a message has a scenario", () => {
  const points = new Set(SCENARIOS.flatMap((scenario) => scenario.points));
  assert.deepEqual(ACK_POINTS.filter((point) => !points.has(point)), []);
});

async function isStopped({ pid }: Child): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")")).startsWith(") T");
}

/** A puller that acknowledges all it gets, and records it. */
class Survivor {
  readonly #puller: Puller<Delivery<Uint8Array>>;
  readonly seen = new Map<number, number>();

  constructor(puller: Puller<Delivery<Uint8Array>>) {
    this.#puller = puller;
  }

  /** Gets messages until it has `count` different ones; returns how long it took. */
  async collect(count: number): Promise<number> {
    const watch = new Stopwatch();
    await until(() => {
      for (const message of this.#puller.drain()) {
        const [id] = message.value;
        assert.deepEqual(message.value, new Uint8Array(MESSAGE_BYTES).fill(id));
        this.seen.set(id, (this.seen.get(id) ?? 0) + 1);
        message.ack();
      }
      return this.seen.size >= count;
    }, `${count} messages, of which there are ${[...this.seen.keys()]},`);
    return watch.elapsedMs;
  }

  get doubled(): number {
    return [...this.seen.values()].reduce((sum, times) => sum + times - 1, 0);
  }
}

async function prepare({ before }: Scenario, { spawn, path: dir }: Scratch): Promise<void> {
  if (before === undefined) return;
  const other = spawn();
  await openSocket(other, "in", "puller", "work", { dir, ack: true });
  await other.execute({ do: "pull", id: "in", count: MESSAGES, settle: "keep" });
  if (before === "return") return await other.execute({ do: "close", id: "in" });
  other.kill("SIGKILL");
  await other.ended();
}

async function play(scenario: Scenario, deed: "kill" | "go on", ring: string): Promise<void> {
  await inScratch(async (scratch) => {
    const { path: dir, spawn } = scratch;
    const { points, work, passes = 0, keeps = 0, loses = 0, doubles = 0 } = scenario;
    using pusher = new Pusher<Uint8Array>("work", { dir, codec: "raw" });
    for (let n = 0; n < MESSAGES; n++) pusher.send(new Uint8Array(MESSAGE_BYTES).fill(n));
    // It attaches before any puller dies, so it has to find the messages of dead pullers itself.
    using puller = new Puller<Uint8Array>("work", { dir, ack: true });
    await prepare(scenario, scratch);
    const child = spawn({
      program: "ack_points.ts",
      flags: ["-A"],
      args: [ring, dir, `${passes}`, work, ...points.map((point) => `${numberOf(point)}`)],
    });
    await until(() => isStopped(child), `stopping at ${points[0]}`);
    const survivor = new Survivor(puller);
    const tookMs = await survivor.collect(MESSAGES - keeps - loses);
    assert.ok(tookMs < RECOVERY_BOUND_MS, `a stopped puller held others up for ${tookMs} ms`);
    for (const point of points.slice(1)) {
      child.kill("SIGCONT");
      await until(() => isStopped(child), `stopping at ${point}`);
    }
    if (deed === "kill") {
      child.kill("SIGKILL");
      await child.ended();
      const afterMs = await survivor.collect(MESSAGES - loses);
      assert.ok(afterMs < RECOVERY_BOUND_MS, `a killed puller held others up for ${afterMs} ms`);
      await sleep(50);
      await survivor.collect(0);
      const isDisowned = points.at(-1) === "LEASE_CANCELLED";
      assert.equal(survivor.doubled, isDisowned ? 0 : doubles);
    } else {
      child.kill("SIGCONT");
      const done = await child.result<number[]>();
      for (const id of done) survivor.seen.set(id, (survivor.seen.get(id) ?? 0) + 1);
      await child.ended();
      await survivor.collect(MESSAGES);
      assert.equal(survivor.doubled, 0);
    }
    assert.equal(survivor.seen.size, deed === "kill" ? MESSAGES - loses : MESSAGES);
    removeStale({ dir });
  });
}

for (const deed of ["kill", "go on"] as const) {
  Deno.test(`pullers that stop at a failpoint and ${deed === "kill" ? "die" : "continue"} cost others nothing`, async () => {
    const ring = await Deno.makeTempFile({ suffix: ".wasm" });
    try {
      await Deno.writeFile(ring, await failpointRing());
      const rest = [...SCENARIOS];
      const work = async () => {
        for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
          const scenario = next;
          await play(scenario, deed, ring).catch((cause) => {
            throw new Error(`${scenario.work} at ${scenario.points}: ${cause.message}`, { cause });
          });
        }
      };
      await Promise.all([work(), work(), work()]);
    } finally {
      await Deno.remove(ring);
    }
  });
}
