// Calls that wait for keys.

import assert from "node:assert/strict";
import { BlockedCalls } from "../../../backends/resp/engine/blocked_calls.ts";
import { Blocked, type Reply } from "../../../backends/resp/protocol/reply.ts";
import { Store } from "../../../backends/store/store.ts";
import { SteppableClock } from "../../../testing/steppable_clock.ts";

/** Calls that wait for an item of `items`. */
function waiting() {
  const clock = new SteppableClock(0);
  const blocked = new BlockedCalls(clock);
  const { keys } = new Store({ clock });
  const items: string[] = [];
  const log: string[] = [];
  const wait = (name: string, names: string[], timeoutMs = Infinity) => {
    const attempt = (): Reply => items.shift() ?? new Blocked(names, timeoutMs, null, undefined);
    const finish = (reply: Reply) => void log.push(`${name} ${reply}`);
    return blocked.add({ keys, names, onTimeout: null, attempt, finish }, timeoutMs);
  };
  const bring = (key: string, ...brought: string[]) => {
    items.push(...brought);
    blocked.signal(keys, key);
    blocked.serve();
  };
  return { clock, blocked, log, wait, bring };
}

Deno.test("those that wait for a key are served in their order", () => {
  const { blocked, log, wait, bring } = waiting();
  wait("first", ["a", "b"]);
  wait("second", ["b"]);
  wait("third", ["c"]);
  bring("b", "1");
  bring("b", "2", "3");
  assert.deepEqual(log, ["first 1", "second 2"]);
  bring("c");
  assert.deepEqual(log, ["first 1", "second 2", "third 3"]);
  assert.equal(blocked.size, 0);
});

Deno.test("the clock ends a wait, at its time and not before", () => {
  const { clock, log, wait, bring } = waiting();
  wait("long", ["a"], 2000);
  wait("short", ["a"], 1000);
  clock.advance(999);
  assert.deepEqual(log, []);
  clock.advance({ milliseconds: 1 });
  assert.deepEqual(log, ["short null"]);
  bring("a", "1");
  clock.advance({ hours: 1 });
  assert.deepEqual(log, ["short null", "long 1"]);
});

Deno.test("a wait that was ended has no reply", () => {
  const { clock, blocked, log, wait, bring } = waiting();
  assert.equal(blocked.remove(wait("gone", ["a"], 10)), true);
  bring("a", "1");
  clock.advance(100);
  assert.deepEqual(log, []);
});
