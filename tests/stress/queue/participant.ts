/**
 * A process of a run under faults: it publishes or consumes until a signal ends it, and prints an entry of
 * the ledger for each thing that it does. Its arguments are the carrier, its role, its name and a seed.
 *
 * @module
 */

import { type DeliveryRecord, type PublishOptions, QueueError } from "../../../mod.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import { Random } from "../../support/random.ts";
import { type Access, openQueue } from "./access.ts";
import { type Entry, type Kind, POISON_ATTEMPTS } from "./ledger.ts";
import { AGENTS, KEYS, LEASE_MS, type Role, TICKER } from "./plan.ts";

const [access, role, who, seed] = Deno.args;
const random = new Random(Number(seed));
const print = (entry: Entry) => console.log(JSON.stringify(entry));

await using queue = await openQueue(JSON.parse(access) as Access);

/** Makes a call that faults may let fail. */
async function attempt<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    print({ type: error instanceof QueueError ? "failed" : "wrong", text: String(error) });
    return undefined;
  }
}

interface Payload {
  name: string;
  kind: Kind;
}

const WEIGHTS = { plain: 3, later: 2, key: 5, poison: 1, same: 1 };

async function publishOne(n: number): Promise<void> {
  const kind = random.weighted(WEIGHTS);
  const name = `${kind} ${who}-${n}`;
  const delayMs = random.between(20, 1500);
  // Others publish these as well at this time.
  const same = kind === "same" ? `same ${Math.floor(Date.now() / 400)}` : undefined;
  const key = kind === "key" || random.chance(0.2) ? random.pick(KEYS) : undefined;
  const dueMs = kind === "later" ? Date.now() + delayMs : undefined;
  const message: PublishOptions<Payload> = {
    channel: "work",
    sourceAgent: who,
    targetAgent: same === undefined ? random.pick(AGENTS) : AGENTS[0],
    payload: { name, kind },
    priority: random.below(3),
    ...kind === "poison" ? { maxAttempts: POISON_ATTEMPTS } : {},
    ...dueMs === undefined ? {} : { deliverAt: new Date(dueMs) },
    // What dies makes room for the next one of its key, and may come back until its lease is taken.
    ...key === undefined || kind === "poison" ? {} : { orderingKey: key },
    ...same === undefined ? {} : { deduplicationId: same, deduplicationSeconds: 3600 },
  };
  const record = await attempt(queue.publish(message));
  if (record === undefined) return;
  print({ type: "published", name, kind, id: record.id, isNew: record.isNew, dueMs, same });
}

async function publish(): Promise<void> {
  for (let n = 0;; n++) {
    await publishOne(n);
    await sleep(random.between(2, 12));
  }
}

function got(record: DeliveryRecord<Payload>, kind: Kind): void {
  const { id, attempts, leaseToken, leasedUntil } = record;
  const claimMs = leasedUntil!.getTime() - LEASE_MS;
  print({ type: "got", id, kind, attempts, token: leaseToken!, claimMs });
}

async function release(record: DeliveryRecord, delayMs: number): Promise<void> {
  const { id, attempts } = record;
  const againMs = Date.now() + delayMs;
  const isDone = await attempt(queue.release(record, { delaySeconds: delayMs / 1000 }));
  if (isDone) print({ type: "released", id, attempts, againMs });
}

async function acknowledge(record: DeliveryRecord): Promise<void> {
  const { id, attempts, leaseToken } = record;
  const token = leaseToken!;
  print({ type: "acknowledging", id, token, atMs: Date.now() });
  const isDone = await attempt(queue.acknowledge(record));
  if (isDone === undefined) return;
  print({ type: "acknowledged", id, token, attempts, isDone, atMs: Date.now() });
}

const FATES = { done: 84, late: 4, released: 8, forgotten: 4 };

async function consumeOne(record: DeliveryRecord<Payload>): Promise<void> {
  const kind = record.payload.kind;
  got(record, kind);
  const fate = random.weighted(FATES);
  if (fate === "forgotten") return;
  if (fate === "late") await sleep(random.between(LEASE_MS * 0.8, LEASE_MS * 1.6));
  if (kind === "poison" || fate === "released") await release(record, random.between(0, 300));
  else await acknowledge(record);
}

async function consume(channel: string, agent: string): Promise<void> {
  await using subscription = queue.subscribe<Payload>(channel, agent, { prefetch: 3 });
  for await (const record of subscription) void consumeOne(record);
}

function work(channel: string, agent: string): Promise<void> {
  const worker = queue.worker<Payload>(channel, agent, async (record) => {
    const { kind } = record.payload;
    got(record, kind);
    if (random.chance(0.03)) await sleep(LEASE_MS * 1.3);
    if (kind === "poison" || random.chance(0.05)) throw new Error("not accepted");
    print({ type: "acknowledging", id: record.id, token: record.leaseToken!, atMs: Date.now() });
  }, { concurrency: 3, backoff: { type: "fixed", seconds: 0.1 }, onError: () => {} });
  return worker.closed;
}

console.log("ready");
const all: Promise<void>[] = [];
if (role as Role !== "publisher") {
  const take = role as Role === "worker" ? work : consume;
  all.push(...AGENTS.map((agent) => take("work", agent)), take("ticks", TICKER));
}
if (role as Role === "publisher" || role as Role === "peer") all.push(publish());
await Promise.all(all);
