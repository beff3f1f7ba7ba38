// The engine of queues: the same calls make the same namespace, also from a copy.

import assert from "node:assert/strict";
import { MemorySpace } from "../../../../backends/queue/memory/space.ts";
import type { MessageToPut, QueueDelivery } from "../../../../backends/queue/store.ts";
import type { QueueEvent } from "../../../../mod.ts";
import { SteppedClock } from "../../../conformance/queue/stage.ts";
import { Random } from "../../../support/random.ts";
import { AGENTS, CHANNELS, maybe, randomMessage } from "../../../support/random_queue_message.ts";
import { withSeed } from "../../../support/seed.ts";

const CONFIG = { maxItems: 12, leaseMs: 1000, maxAttempts: 3, whenFull: "dropOldest" } as const;

/** A namespace, and what it has told. */
class Copy {
  readonly events: QueueEvent[] = [];
  readonly space: MemorySpace;

  constructor(clock: SteppedClock) {
    this.space = new MemorySpace(clock);
    this.space.listenToEvents((event) => this.events.push(event));
  }
}

type Call = (space: MemorySpace) => unknown;

/** Makes calls at random, of a few messages, so that they meet. */
class CallMaker {
  readonly #random: Random;
  #leases: { agent: string; delivery: QueueDelivery }[] = [];
  #ids: string[] = ["none"];

  constructor(random: Random) {
    this.#random = random;
  }

  #publish(id: string): Call {
    const message = randomMessage(this.#random);
    this.#ids.push(id);
    return (space) => space.publish(message, id, CONFIG);
  }

  #put(): Call {
    const { ttlMs: _, delayMs: _delay, deduplicationMs: _window, ...message } = randomMessage(
      this.#random,
    );
    const times = { createdMs: 5, expiresMs: null, acknowledged: false };
    const record: MessageToPut = { ...message, ...times, id: this.#random.pick(this.#ids) };
    return (space) => space.put(record, CONFIG);
  }

  #claim(): Call {
    const [channel, agent] = [this.#random.pick(CHANNELS), this.#random.pick(AGENTS)];
    const limit = this.#random.between(1, 3);
    const claimant = { consumer: "x", rate: maybe(this.#random, { max: 2, windowMs: 400 }) };
    return (space) => {
      const claim = space.claim(channel, agent, limit, 0, claimant, CONFIG);
      this.#leases.push(...claim.deliveries.map((delivery) => ({ agent, delivery })));
      return claim;
    };
  }

  #settle(): Call {
    const lease = this.#random.pick(this.#leases.slice(-12));
    if (lease === undefined) return (space) => space.channels();
    const { agent, delivery: { id, leaseToken } } = lease;
    const target = { id, agent, token: this.#random.chance(0.2) ? undefined : leaseToken! };
    const failure = { reason: maybe(this.#random, "why"), error: null };
    const delayMs = this.#random.pick([0, 600]);
    return this.#random.pick<Call>([
      (space) => space.acknowledge(target, "1"),
      (space) => space.extend(target, undefined, CONFIG),
      (space) => space.giveBack(target, delayMs, failure),
      (space) => space.reject(target, failure),
      (space) => space.release(agent, [{ id, leaseToken }]),
    ]);
  }

  #administer(): Call {
    const [channel, agent] = [this.#random.pick(CHANNELS), this.#random.pick(AGENTS)];
    const id = this.#random.pick(this.#ids);
    const [isPaused, isFirst] = [this.#random.chance(0.3), this.#random.chance(0.5)];
    return this.#random.pick<Call>([
      (space) => space.register(channel, agent, isFirst ? "oldest" : "now"),
      (space) => space.register(channel, agent, isFirst ? "oldest" : "now"),
      (space) => space.unsubscribe(channel, agent, false),
      (space) => space.requeue(id, agent),
      (space) => space.delete(id),
      (space) => space.purge(channel, ["delayed", "dead"]),
      (space) => space.setPaused(channel, isPaused),
      (space) => space.result(id),
    ]);
  }

  next(number: number): Call {
    const kinds = { publish: 6, put: 1, claim: 6, settle: 6, administer: 3 };
    switch (this.#random.weighted(kinds)) {
      case "publish":
        return this.#publish(`m${number}`);
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

/** All that a namespace shows. */
function view(space: MemorySpace): unknown {
  return {
    list: space.list({}, 1000, 0, undefined),
    delayed: space.delayed(undefined, 1000),
    pending: AGENTS.map((agent) => space.pending(agent, undefined, 1000)),
    dead: AGENTS.map((agent) => space.deadLetters(agent, undefined, 1000)),
    stats: CHANNELS.map((channel) => ({ ...space.stats(channel), consumers: 0 })),
    channels: space.channels(),
    next: space.nextDueMs,
    contents: [...space.contents()].map((part) => JSON.stringify(part)).sort(),
  };
}

/** Throws if an agent has leases of two messages of a channel with one ordering key. */
function assertOneLeaseAKey(space: MemorySpace): void {
  for (const agent of AGENTS) {
    const keys = space.pending(agent, undefined, 1000)
      .filter(({ leasedUntilMs, orderingKey }) => leasedUntilMs !== null && orderingKey !== null)
      .map(({ channel, orderingKey }) => `${channel} ${orderingKey}`);
    assert.equal(new Set(keys).size, keys.length, `${agent}: ${keys}`);
  }
}

/** A copy from the parts of another one. */
function copyOf({ space, events }: Copy, clock: SteppedClock): Copy {
  const copy = new Copy(clock);
  for (const part of space.contents()) copy.space.restore(structuredClone(part));
  copy.events.push(...events);
  return copy;
}

Deno.test("a copy of the engine goes on like the engine itself", () =>
  withSeed((seed) => {
    const random = new Random(seed);
    for (let round = 0; round < 20; round++) {
      const clock = new SteppedClock();
      const calls = new CallMaker(random);
      const copies = [new Copy(clock), new Copy(clock)];
      for (let number = 0; number < 250; number++) {
        if (random.chance(0.3)) clock.advance(random.below(500));
        if (random.chance(0.05)) copies[1] = copyOf(copies[0], clock);
        const call = calls.next(number);
        const [result, resultOfCopy] = copies.map(({ space }) => {
          space.sweep();
          return call(space);
        });
        assert.deepEqual(resultOfCopy, result, `call ${number} of round ${round}`);
        assertOneLeaseAKey(copies[0].space);
      }
      assert.deepEqual(view(copies[1].space), view(copies[0].space), `round ${round}`);
      assert.deepEqual(copies[1].events, copies[0].events, `round ${round}`);
    }
  }));
