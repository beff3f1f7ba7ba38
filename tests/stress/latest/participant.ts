/**
 * A process of a run under faults: it sets, updates, deletes, reads and watches latest values until it is
 * killed. It prints what is wrong. Its arguments are the directory, its place and a seed.
 *
 * @module
 */

import { Latest } from "../../../mod.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import { Random } from "../../support/random.ts";
import {
  type Count,
  countKey,
  ownKey,
  PLACES,
  Reader,
  sharedKey,
  SUM,
  type Text,
  textOf,
  type Value,
} from "./values.ts";

const STEPS_PER_TURN = 50;

const [dir, placeText, seed] = Deno.args;
const place = Number(placeText);
const random = new Random(Number(seed));
const latest = new Latest<Value>("values", { dir });
const reader = new Reader(latest);
/** Gets what a watch finds, which it is told a moment later: reads may have found newer values by then. */
const watcher = new Reader(latest);

let n = (latest.get(ownKey(place)) as Text | undefined)?.n ?? 0;
let count = nextCount(latest.get(countKey(place)) as Count | undefined);

/** What the process that was killed at this place had begun is in doubt. */
function nextCount(last: Count = { begun: 0, done: 0, inDoubt: 0 }): Count {
  const inDoubt = last.inDoubt + last.begun - last.done;
  return { begun: last.done, done: last.done, inDoubt };
}

function setCount(change: Partial<Count>): void {
  count = { ...count, ...change };
  latest.set(countKey(place), count);
}

/** Adds 1 to the sum, and tells before and afterwards. */
function add(): void {
  setCount({ begun: count.done + 1 });
  latest.update(SUM, (sum) => (sum as number ?? 0) + 1);
  setCount({ done: count.begun });
}

const STEPS: Record<string, () => void> = {
  own: () => latest.set(ownKey(place), textOf(++n, random)),
  add,
  shared: () => latest.set(sharedKey(random), textOf(random.below(1000), random)),
  expiring: () =>
    latest.set(sharedKey(random), textOf(1, random), { ttlMs: random.between(1, 50) }),
  delete: () => void latest.delete(sharedKey(random)),
  readOwn: () => reader.read(ownKey(random.below(PLACES))),
  readShared: () => reader.read(sharedKey(random)),
  all() {
    for (const [key, value] of latest.entries()) reader.check(key, value);
  },
};
const WEIGHTS = {
  own: 20,
  add: 20,
  shared: 20,
  expiring: 5,
  delete: 5,
  readOwn: 30,
  readShared: 30,
  all: 1,
};

async function watchAll(): Promise<void> {
  for await (const { key, value } of latest.watch({ prefix: "own/" })) {
    watcher.check(key, value);
  }
}

setCount({});
watchAll();
console.log("ready");
while (true) {
  for (let i = 0; i < STEPS_PER_TURN; i++) STEPS[random.weighted(WEIGHTS)]();
  await sleep(1);
  for (const { wrong } of [reader, watcher]) {
    for (const text of wrong.splice(0)) console.log(text);
  }
}
