// Copies of a queue: those who follow the records, and those who begin with a snapshot, have the same state.

import assert from "node:assert/strict";
import type { EngineConfig } from "../../../../backends/queue/config.ts";
import type { CallOf, OperationName } from "../../../../backends/queue/shm/operations.ts";
import { operationRecord } from "../../../../backends/queue/shm/record.ts";
import { Replica } from "../../../../backends/queue/shm/replica.ts";
import type {
  DeliveryTarget,
  NewMessage,
  QueueDelivery,
} from "../../../../backends/queue/store.ts";
import { Random } from "../../../support/random.ts";
import { withSeed } from "../../../support/seed.ts";

const CONFIG: EngineConfig = { leaseMs: 500, maxAttempts: 3, maxItems: 25, whenFull: "dropOldest" };
const CHANNELS = ["a", "b"];
const AGENTS = ["x", "y", "z"];

/** Records of random calls, applied to one replica, and to others that begin later. */
class Calls {
  readonly #random: Random;
  readonly replicas = [new Replica()];
  #sequence = 0;
  #nowMs = 1_800_000_000_000;
  #ids = 0;
  /** Deliveries that were claimed. */
  readonly #claimed: { delivery: QueueDelivery; agent: string }[] = [];
  readonly #scheduled = new Map<string, number | null>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Makes a record, applies it to all replicas, and returns its result, which is the same in all. */
  make<N extends OperationName>(name: N, call: CallOf<N>, config: Partial<EngineConfig> = {}) {
    const bytes = operationRecord(name, call, { ...CONFIG, ...config });
    const record = { bytes, timeMs: this.#nowMs, sequence: ++this.#sequence, isOwn: true };
    const [first, ...others] = this.replicas.map((replica) => {
      replica.apply(record);
      return replica.outcome();
    });
    for (const other of others) assert.deepEqual(other, first, name);
    return first;
  }

  /** Adds a replica that begins with a snapshot. */
  join(): void {
    const replica = new Replica();
    for (const { bytes, sequence } of this.replicas[0].snapshot()) {
      const record = { bytes: Uint8Array.from(bytes), sequence, isOwn: false };
      replica.apply({ ...record, timeMs: this.#nowMs });
    }
    this.replicas.push(replica);
  }

  step(): void {
    const random = this.#random;
    this.#nowMs += random.chance(0.3) ? random.length(2000) : 0;
    const channel = random.pick(CHANNELS);
    const agent = random.pick(AGENTS);
    const kind = random.weighted({
      publish: 30,
      put: 2,
      register: 2,
      unsubscribe: 1,
      claim: 25,
      settle: 30,
      requeue: 2,
      remove: 2,
      pause: 1,
      schedule: 3,
      purge: 0.2,
      holder: 1,
    });
    if (kind === "publish") this.#publish(channel);
    if (kind === "put") this.#put(channel);
    if (kind === "register") {
      const from = random.pick(["now", "oldest"] as const);
      this.make("register", { channel, agent, from, member: random.pick(["1/a", "2/b"]) });
    }
    if (kind === "unsubscribe") {
      this.make("leave", { channel, agent, member: random.pick(["1/a", "2/b"]) });
      this.make("unsubscribe", { channel, agent });
    }
    if (kind === "claim") this.#claim(channel, agent);
    if (kind === "settle") this.#settle();
    if (kind === "requeue") this.make("requeue", { id: this.#id(), agent });
    if (kind === "remove") this.make("delete", { id: this.#id() });
    if (kind === "pause") this.make("setPaused", { channel, isPaused: random.chance(0.3) });
    if (kind === "schedule") this.#schedule();
    if (kind === "purge") this.make("purge", { channel, states: ["waiting", "dead", "done"] });
    if (kind === "holder") this.make("endLeases", { holder: random.pick(["1", "2"]) });
  }

  /** Reads from one of the replicas, which changes nothing. */
  read(): void {
    const replica = this.#random.pick(this.replicas);
    if (replica.nextDueMs <= this.#nowMs) return;
    const untilMs = Math.min(replica.nextDueMs - 1, this.#nowMs + 1000);
    const space = replica.spaceAt(this.#random.between(this.#nowMs, untilMs));
    const agent = this.#random.pick(AGENTS);
    for (const channel of [...CHANNELS, "none"]) {
      space.pending(agent, channel, 10);
      space.deadLetters(agent, channel, 10);
      space.delayed(channel, 10);
      space.stats(channel);
      space.idleClaim(channel, agent, { consumer: "reader", rate: { max: 1, windowMs: 10 } });
    }
    space.list({}, 10, 0, agent);
    space.count({ acknowledged: true });
    space.get(this.#id(), agent);
    space.result(this.#id());
    space.channels();
    space.schedules();
    space.holders();
  }

  #id(): string {
    return `m${this.#random.below(this.#ids + 1)}`;
  }

  #message(channel: string): NewMessage {
    const random = this.#random;
    const orNull = <T>(share: number, value: T) => random.chance(share) ? value : null;
    const delayMs = orNull(0.2, random.below(2000));
    return {
      channel,
      source: "s",
      target: orNull(0.7, random.pick(AGENTS)),
      payload: `${this.#ids}`,
      metadata: "{}",
      priority: random.below(3),
      ttlMs: orNull(0.3, random.below(5000) + 1),
      dueMs: delayMs === null ? orNull(0.05, this.#nowMs + 1000) : null,
      delayMs,
      deduplicationId: orNull(0.2, `d${random.below(5)}`),
      deduplicationMs: 1500,
      orderingKey: orNull(0.4, `k${random.below(3)}`),
      maxAttempts: orNull(0.1, 1),
      leaseMs: orNull(0.1, 50),
      backoff: null,
      resultMs: orNull(0.2, 2000),
    };
  }

  #publish(channel: string): void {
    const whenFull = this.#random.pick(["dropOldest", "reject", "wait"] as const);
    const call = { message: this.#message(channel), id: `m${++this.#ids}` };
    this.make("publish", call, { whenFull });
  }

  #put(channel: string): void {
    const { ttlMs: _, delayMs: _delay, deduplicationMs: _window, ...rest } = this.#message(channel);
    const acknowledged = rest.target !== null && this.#random.chance(0.3);
    const message = { ...rest, id: this.#id(), createdMs: 5, expiresMs: null, acknowledged };
    this.make("put", { message });
  }

  #claim(channel: string, agent: string): void {
    const random = this.#random;
    const rate = random.chance(0.2) ? { max: 3, windowMs: 1000 } : null;
    const holder = random.pick(["1", "2"]);
    const claimant = { consumer: `c${random.below(4)}`, holder, rate };
    const limit = random.between(1, 4);
    const reported = random.below(3);
    const claim = this.make("claim", { channel, agent, limit, reported, claimant });
    const { deliveries } = claim as { deliveries: QueueDelivery[] };
    for (const delivery of deliveries) this.#claimed.push({ delivery, agent });
  }

  #settle(): void {
    const random = this.#random;
    if (this.#claimed.length === 0) return;
    const at = random.below(this.#claimed.length);
    const { delivery, agent } = this.#claimed[at];
    if (random.chance(0.8)) this.#claimed.splice(at, 1);
    const token = random.chance(0.9) ? delivery.leaseToken ?? undefined : undefined;
    const target: DeliveryTarget = { id: delivery.id, agent, token };
    const failure = { reason: random.chance(0.5) ? "why" : null, error: null };
    const how = random.weighted({ done: 5, extend: 2, back: 3, reject: 1, unread: 1, progress: 1 });
    if (how === "done") this.make("acknowledge", { target, result: '"r"' });
    if (how === "extend") this.make("extend", { target, leaseMs: random.between(1, 1000) });
    if (how === "back") this.make("giveBack", { target, delayMs: random.below(500), failure });
    if (how === "reject") this.make("reject", { target, failure });
    if (how === "unread") this.make("release", { agent, claimed: [delivery] });
    if (how === "progress") this.make("progress", { target, value: "1" });
  }

  #schedule(): void {
    const random = this.#random;
    const key = `s${random.below(2)}`;
    const nextMs = this.#scheduled.get(key);
    const laterMs = random.chance(0.9) ? (nextMs ?? this.#nowMs) + 500 : null;
    if (nextMs == null || random.chance(0.2)) {
      const schedule = { key, rule: "{}", message: "{}", nextMs: laterMs, count: 0 };
      const call = nextMs === undefined ? { schedule } : { schedule, replacedMs: nextMs };
      assert.equal(this.make("putSchedule", call), true);
      this.#scheduled.set(key, laterMs);
    } else if (random.chance(0.1)) {
      this.make("removeSchedule", { key });
      this.#scheduled.delete(key);
    } else {
      const message = random.chance(0.8) ? this.#message("a") : null;
      const call = { key, dueMs: nextMs, nextMs: laterMs, message, id: `m${++this.#ids}` };
      assert.equal(this.make("fire", call), true);
      this.#scheduled.set(key, laterMs);
    }
  }
}

/** The state of a replica as text, whatever order the messages have come in. */
function stateOf(replica: Replica): string[] {
  const decoder = new TextDecoder();
  return [...replica.snapshot()].map(({ bytes }) => decoder.decode(bytes)).sort();
}

Deno.test("replicas that follow and those that begin with a snapshot stay the same", () =>
  withSeed((seed) => {
    for (let round = 0; round < 40; round++) {
      const random = new Random(seed, round);
      const calls = new Calls(random);
      for (let step = 0; step < 400; step++) {
        calls.step();
        if (random.chance(0.2)) calls.read();
        if (random.chance(0.01)) calls.join();
      }
      const [first, ...others] = calls.replicas.map(stateOf);
      for (const other of others) assert.deepEqual(other, first);
    }
  }));
