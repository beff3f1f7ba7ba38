// The stores in memory and on Redis do the same, whatever is called in whatever order.

import assert from "node:assert/strict";
import { resolveConfig } from "../../../../backends/queue/config.ts";
import { MemorySpace } from "../../../../backends/queue/memory/space.ts";
import { MemoryStore } from "../../../../backends/queue/memory/store.ts";
import { RedisStore } from "../../../../backends/queue/redis/store.ts";
import type {
  MessageToPut,
  NewMessage,
  QueueDelivery,
  QueueRecord,
  QueueStore,
} from "../../../../backends/queue/store.ts";
import { embeddedRedis, SteppableClock } from "../../../../testing/mod.ts";
import { Random } from "../../../support/random.ts";
import { AGENTS, CHANNELS, maybe, randomMessage } from "../../../support/random_queue_message.ts";
import { withSeed } from "../../../support/seed.ts";

const ROUNDS = 4;
const CALLS = 120;

/** What a message has that is delivered as the queue has it. */
const NO_SETTINGS = {
  delayMs: null,
  deduplicationId: null,
  orderingKey: null,
  maxAttempts: null,
  leaseMs: null,
  resultMs: null,
};

/** A store, with its names of what the stores share. */
interface Side {
  readonly store: QueueStore;
  /** The ids of messages by their numbers. */
  readonly ids: string[];
  /** The deliveries that were claimed, or handed over. */
  readonly leases: { agent: string; delivery: QueueDelivery }[];
  /** Reserves the places of messages that this side publishes. Undefined for a store that hands none over. */
  readonly consumers: WaitingConsumers | undefined;
}

/** Consumers that wait for messages, and get them when they are published. */
class WaitingConsumers {
  /** Whether they take the next message. */
  isWaiting = false;
  /** What was handed over. */
  delivery: QueueDelivery | undefined;

  /** Waits for the messages of all channels and agents. */
  async listen(store: QueueStore): Promise<void> {
    for (const channel of CHANNELS) {
      for (const agent of AGENTS) {
        const [receiver] = store.receivers(channel, agent);
        await receiver.listen(() => false, () => this.#reserve());
      }
    }
  }

  #reserve() {
    return this.isWaiting
      ? (delivery?: QueueDelivery) => void (this.delivery = delivery)
      : undefined;
  }
}

/** A call, and what it is. */
interface Call {
  readonly what: string;
  readonly run: (side: Side) => Promise<unknown>;
}

/** A record without what differs between stores. */
function seen(record: QueueRecord | QueueDelivery): unknown {
  const { id: _, sequence: _sequence, ...others } = record;
  if (!("leaseToken" in others)) return others;
  const { leaseToken: _token, ...delivery } = others;
  return delivery;
}

/** Callers cannot tell a lease that is lost from one of a message that is gone. */
function outcomeOf(result: unknown): unknown {
  return result === "lost" || result === "absent" ? false : result ?? undefined;
}

/** Makes calls at random, of a few messages, so that they meet. */
class CallMaker {
  readonly #random: Random;
  readonly #clock: SteppableClock;
  #messages = 0;
  #leases = 0;

  constructor(random: Random, clock: SteppableClock) {
    this.#random = random;
    this.#clock = clock;
  }

  #publish(): Call {
    const isAwaited = this.#random.chance(0.5);
    const settings = isAwaited && this.#random.chance(0.7) ? NO_SETTINGS : {};
    const message = { ...randomMessage(this.#random), ...settings };
    const number = this.#messages++;
    let isHandedOver = false;
    return {
      what: `publish ${JSON.stringify(message)}${isAwaited ? " to a consumer that waits" : ""}`,
      run: async (side) => {
        const { store, ids, consumers } = side;
        if (consumers !== undefined) {
          consumers.isWaiting = isAwaited;
          consumers.delivery = undefined;
        }
        const outcome = await store.publish(message);
        ids[number] = outcome === "full" ? "none" : outcome.record.id;
        if (consumers?.delivery !== undefined) isHandedOver = true;
        const delivery = isHandedOver ? await this.#takeHandedOver(side, message) : undefined;
        if (outcome === "full") return outcome;
        return { ...outcome, record: seen(outcome.record), delivery: delivery && seen(delivery) };
      },
    };
  }

  /** A message that one store hands over is what a consumer claims from the other one. */
  async #takeHandedOver(
    { store, leases, consumers }: Side,
    { channel, target }: NewMessage,
  ): Promise<QueueDelivery> {
    const agent = target!;
    const [receiver] = store.receivers(channel, agent);
    const claim = () => receiver.claim(1, 0, { consumer: "x", rate: null });
    const delivery = consumers?.delivery ?? (await claim()).deliveries[0];
    leases.push({ agent, delivery });
    this.#leases = leases.length;
    return delivery;
  }

  #number(): number {
    return this.#random.below(Math.max(1, this.#messages));
  }

  #put(): Call {
    const { ttlMs: _, delayMs, deduplicationMs: _window, ...message } = randomMessage(this.#random);
    const nowMs = this.#clock.now();
    const record: Omit<MessageToPut, "id"> = {
      ...message,
      dueMs: delayMs === null ? null : nowMs + delayMs,
      createdMs: nowMs - 10,
      expiresMs: maybe(this.#random, nowMs + 900),
      acknowledged: message.target !== null && this.#random.chance(0.1),
    };
    const number = this.#number();
    return {
      what: `put ${JSON.stringify(record)}`,
      run: ({ store, ids }) => store.put({ ...record, id: ids[number] ?? "put" }),
    };
  }

  #claim(): Call {
    const [channel, agent] = [this.#random.pick(CHANNELS), this.#random.pick(AGENTS)];
    const limit = this.#random.between(1, 3);
    const claimant = { consumer: "x", rate: maybe(this.#random, { max: 2, windowMs: 400 }) };
    const run = async ({ store, leases }: Side) => {
      const [receiver] = store.receivers(channel, agent);
      const { deliveries, missed } = await receiver.claim(limit, 0, claimant);
      leases.push(...deliveries.map((delivery) => ({ agent, delivery })));
      this.#leases = leases.length;
      return { deliveries: deliveries.map(seen), missed };
    };
    return { what: `claim ${limit} of ${channel} for ${agent}`, run };
  }

  #settle(): Call {
    if (this.#leases === 0) return this.#claim();
    const number = Math.max(0, this.#leases - 1 - this.#random.below(8));
    const [isBare, hasReason] = [this.#random.chance(0.2), this.#random.chance(0.5)];
    const delayMs = this.#random.pick([0, 600]);
    const failure = { reason: hasReason ? "why" : null, error: hasReason ? "E" : null };
    const leaseMs = this.#random.pick([undefined, 200, 3000]);
    const kind = this.#random.pick(["acknowledge", "extend", "giveBack", "reject", "release"]);
    const run = async ({ store, leases }: Side) => {
      const { agent, delivery } = leases[number];
      const token = isBare ? undefined : delivery.leaseToken!;
      const target = { id: delivery.id, agent, token };
      if (kind === "acknowledge") return await store.acknowledge(target, "1");
      if (kind === "extend") return await store.extend(target, leaseMs);
      if (kind === "giveBack") return await store.giveBack(target, delayMs, failure);
      if (kind === "reject") return await store.reject(target, failure);
      return await store.receivers(delivery.channel, agent)[0].release([delivery]);
    };
    return { what: `${kind} lease ${number}${isBare ? " by its id" : ""}`, run };
  }

  #administer(): Call {
    const [channel, agent] = [this.#random.pick(CHANNELS), this.#random.pick(AGENTS)];
    const number = this.#number();
    const [isPaused, isFirst] = [this.#random.chance(0.3), this.#random.chance(0.5)];
    const id = ({ ids }: Side) => ids[number] ?? "none";
    const states = isFirst ? ["delayed", "dead"] as const : ["waiting", "done"] as const;
    const from = isFirst ? "oldest" : "now";
    const runs: Record<string, Call["run"]> = {
      register: ({ store }) => store.receivers(channel, agent)[0].register(from),
      unsubscribe: ({ store }) => store.unsubscribe(channel, agent),
      requeue: (side) => side.store.requeue(id(side), agent),
      delete: (side) => side.store.delete(id(side)),
      purge: ({ store }) => store.purge(channel, states),
      pause: ({ store }) => store.setPaused(channel, isPaused),
      result: (side) => side.store.result(id(side)),
    };
    const name = this.#random.pick(["register", ...Object.keys(runs)]);
    const what = `${name} ${channel} ${agent} ${from} ${isPaused} message ${number}`;
    return { what, run: runs[name] };
  }

  next(): Call {
    const kinds = { publish: 6, put: 1, claim: 6, settle: 6, administer: 3 };
    switch (this.#random.weighted(kinds)) {
      case "publish":
        return this.#publish();
      case "put":
        return this.#put();
      case "claim":
        return this.#claim();
      case "settle":
        return this.#settle();
      case "administer":
        return this.#administer();
    }
  }
}

/** All that a store shows. */
async function view({ store }: Side): Promise<unknown> {
  const stats = await Promise.all(CHANNELS.map((channel) => store.stats(channel)));
  return {
    stats: stats.map(({ perSecond: _, consumers: _consumers, ...numbers }) => numbers),
    pending: await Promise.all(
      AGENTS.map(async (agent) => (await store.pending(agent, undefined, 1000)).map(seen)),
    ),
    dead: await Promise.all(
      AGENTS.map(async (agent) => (await store.deadLetters(agent, undefined, 1000)).map(seen)),
    ),
    delayed: (await store.delayed(undefined, 1000)).map(seen),
    list: (await store.list({}, 1000, 0, undefined)).map(seen),
    count: await store.count({ acknowledged: false }),
    channels: await store.channels(),
  };
}

Deno.test("the queue on redis and the one in memory agree after any calls", () =>
  withSeed(async (seed) => {
    const random = new Random(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const clock = new SteppableClock();
      await using redis = await embeddedRedis({ clock });
      const config = resolveConfig({
        redisUrl: redis.url,
        leaseSeconds: 1,
        maxAttempts: 3,
        maxItems: 12,
        whenFull: random.pick(["dropOldest", "reject"]),
      });
      const space = new MemorySpace(clock);
      const stores = [new MemoryStore(space, config), new RedisStore(config)];
      const sides: Side[] = stores.map((store, i) => ({
        store,
        ids: [],
        leases: [],
        consumers: i === 1 ? new WaitingConsumers() : undefined,
      }));
      for (const { store, consumers } of sides) {
        await store.open();
        await consumers?.listen(store);
      }
      try {
        const calls = new CallMaker(random, clock);
        for (let number = 0; number < CALLS; number++) {
          if (random.chance(0.3)) clock.advance(random.below(500));
          // Not every call on Redis does what is due.
          for (const { store } of sides) await store.pending("a", undefined, 1);
          const call = calls.next();
          // Redis decides what it hands over.
          const [onRedis, inMemory] = [await call.run(sides[1]), await call.run(sides[0])];
          const what = `call ${number} of round ${round}, ${call.what}`;
          assert.deepEqual(outcomeOf(onRedis), outcomeOf(inMemory), what);
          assert.deepEqual(await view(sides[1]), await view(sides[0]), `after ${what}`);
        }
      } finally {
        for (const { store } of sides) await store.close();
      }
    }
  }));

Deno.test("a record that is put for later keeps the attempts of who subscribes before", async () => {
  const clock = new SteppableClock();
  await using redis = await embeddedRedis({ clock });
  const config = resolveConfig({ redisUrl: redis.url });
  for (const store of [new MemoryStore(new MemorySpace(clock), config), new RedisStore(config)]) {
    await store.open();
    try {
      const message = { ...randomMessage(new Random(1)), ...NO_SETTINGS, ttlMs: null };
      const outcome = await store.publish({ ...message, channel: "c", target: "a" });
      assert.ok(outcome !== "full");
      const [receiver] = store.receivers("c", "a");
      const claim = () => receiver.claim(1, 0, { consumer: "x", rate: null });
      assert.equal((await claim()).deliveries[0].attempts, 1);
      const later = { ...outcome.record, target: null, dueMs: clock.now() + 500 };
      await store.put(later);
      await store.put({ ...later, payload: "2" });
      await receiver.register("now");
      clock.advance(500);
      const { deliveries: [delivery] } = await claim();
      assert.deepEqual([delivery.payload, delivery.attempts], ["2", 2]);
    } finally {
      await store.close();
    }
  }
});
