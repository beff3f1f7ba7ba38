// Subscribers, their queues, and patterns.

import assert from "node:assert/strict";
import fc from "fast-check";
import { InvalidInputError, SubscriptionLimitError } from "../../../backends/store/errors.ts";
import { glob } from "../../../lib/base/glob.ts";
import { Store } from "../../../backends/store/store.ts";
import { type Delivery, Subscription } from "../../../backends/store/subscription.ts";
import {
  MAX_PATTERNS_PER_SUBSCRIBER,
  MAX_SUBSCRIPTIONS_PER_SUBSCRIBER,
} from "../../../backends/store/limits.ts";
import { PatternIndex } from "../../../backends/store/pattern_index.ts";
import { timeRatio } from "../../support/collisions.ts";
import { assertProperty } from "../../support/property.ts";

function summary(delivery: Delivery): unknown[] {
  const { topic, pattern } = delivery;
  const content = delivery.kind === "stored" ? delivery.message.id : delivery.value;
  return [content, topic, ...pattern === undefined ? [] : [pattern]];
}

Deno.test("one queue takes what is stored and published, in its order", () => {
  const store = new Store({ clock: () => 5000 });
  const subscriber = new Subscription();
  assert.equal(store.subscriptions.subscribe(subscriber, "a"), true);
  assert.equal(store.subscriptions.subscribe(subscriber, "a"), false);
  store.subscriptions.psubscribe(subscriber, "b.*");
  store.storeMessage("n", "a", '{"id":1}');
  store.storeMessage("n", "c", '{"id":2}');
  assert.equal(store.subscriptions.publish("b.x", "text"), 1);
  assert.equal(store.subscriptions.publish("c", "none"), 0);
  store.storeMessage("n", "b.", '{"id":3}');
  const [first, published, last] = subscriber.take();
  assert.deepEqual(summary(first), [1n, "a"]);
  assert.deepEqual(summary(published), ["text", "b.x", "b.*"]);
  assert.ok(published.kind === "published" && published.atMs === 5000);
  assert.deepEqual(summary(last), [3n, "b.", "b.*"]);
  assert.equal(subscriber.length, 0);
  assert.equal(subscriber.bytes, 0);
});

Deno.test("a topic and a pattern that matches it give an entry each", () => {
  const store = new Store();
  const subscriber = new Subscription();
  store.subscriptions.subscribe(subscriber, "a");
  store.subscriptions.psubscribe(subscriber, "*");
  assert.equal(store.subscriptions.publish("a", "x"), 2);
  assert.deepEqual(subscriber.take().map(summary), [["x", "a"], ["x", "a", "*"]]);
});

Deno.test("nothing arrives after unsubscribing", () => {
  const store = new Store();
  const subscriber = new Subscription();
  store.subscriptions.subscribe(subscriber, "a");
  store.subscriptions.psubscribe(subscriber, "a*");
  assert.equal(store.subscriptions.unsubscribe(subscriber, "a"), true);
  assert.equal(store.subscriptions.unsubscribe(subscriber, "a"), false);
  assert.equal(store.subscriptions.publish("a", "x"), 1);
  assert.equal(store.subscriptions.punsubscribe(subscriber, "a*"), true);
  assert.equal(store.subscriptions.punsubscribe(subscriber, "a*"), false);
  assert.equal(store.subscriptions.publish("a", "x"), 0);
  store.subscriptions.subscribe(subscriber, "b");
  store.subscriptions.psubscribe(subscriber, "?");
  store.subscriptions.remove(subscriber);
  assert.equal(store.subscriptions.publish("b", "x"), 0);
  const { subscriptions, patternSubscriptions } = store.stats();
  assert.deepEqual([subscriptions, patternSubscriptions], [0, 0]);
});

Deno.test("a subscriber is notified when its queue is no longer empty", () => {
  const store = new Store();
  let calls = 0;
  const subscriber = new Subscription({ onReady: () => calls++ });
  store.subscriptions.subscribe(subscriber, "a");
  for (let i = 0; i < 3; i++) store.subscriptions.publish("a", "x");
  assert.equal(calls, 1);
  subscriber.take(2);
  store.subscriptions.publish("a", "x");
  assert.equal(calls, 1);
  subscriber.take();
  store.subscriptions.publish("a", "x");
  assert.equal(calls, 2);
});

Deno.test("a full queue loses its oldest entries, which are counted", () => {
  const store = new Store();
  const slow = new Subscription({ maxQueueLength: 10 });
  const quick = new Subscription({ maxQueueLength: 10 });
  for (const each of [slow, quick]) store.subscriptions.subscribe(each, "a");
  const got: unknown[] = [];
  for (let i = 0; i < 100; i++) {
    store.subscriptions.publish("a", `${i}`);
    got.push(...quick.take().map((delivery) => summary(delivery)[0]));
  }
  const numbers = Array.from({ length: 100 }, (_, i) => `${i}`);
  assert.deepEqual(got, numbers);
  assert.deepEqual(slow.take().map((delivery) => summary(delivery)[0]), numbers.slice(90));
  assert.equal(slow.dropped, 90);
  assert.equal(quick.dropped, 0);
  assert.equal(store.stats().dropped, 90);
});

Deno.test("a queue is bounded in bytes, and takes one entry of any size", () => {
  const store = new Store();
  const subscriber = new Subscription({ maxQueueBytes: 5000 });
  store.subscriptions.subscribe(subscriber, "a");
  for (let i = 0; i < 100; i++) {
    store.subscriptions.publish("a", "x".repeat(900));
    assert.ok(subscriber.bytes <= 5000);
  }
  assert.equal(subscriber.length + subscriber.dropped, 100);
  store.subscriptions.publish("a", "x".repeat(10_000));
  assert.equal(subscriber.length, 1);
  subscriber.take();
  assert.equal(subscriber.bytes, 0);
});

Deno.test("a subscriber that asked for it is cut off when its queue is full", () => {
  const store = new Store();
  let calls = 0;
  const subscriber = new Subscription({
    maxQueueLength: 2,
    overflow: "disconnect",
    onReady: () => calls++,
  });
  store.subscriptions.subscribe(subscriber, "a");
  const reached = [1, 2, 3, 4].map(() => store.subscriptions.publish("a", "x"));
  assert.deepEqual(reached, [1, 1, 0, 0]);
  assert.equal(subscriber.isDisconnected, true);
  assert.equal(subscriber.dropped, 3);
  assert.equal(calls, 2);
  assert.deepEqual(subscriber.take(), []);
  assert.equal(store.stats().disconnected, 1);
});

Deno.test("entries are taken up to a limit", () => {
  const store = new Store();
  const subscriber = new Subscription();
  store.subscriptions.subscribe(subscriber, "a");
  for (let i = 0; i < 250; i++) store.subscriptions.publish("a", `${i}`);
  const lengths = [100, 100, 100, 100].map((limit) => subscriber.take(limit).length);
  assert.deepEqual(lengths, [100, 100, 50, 0]);
});

Deno.test("entries are taken up to a number of bytes, and at least one", () => {
  const { subscriptions } = new Store();
  const subscriber = new Subscription();
  subscriptions.subscribe(subscriber, "a");
  for (let i = 0; i < 5; i++) subscriptions.publish("a", "x".repeat(1000));
  assert.equal(subscriber.take(100, 1).length, 1);
  assert.equal(subscriber.take(100, 2000).length, 2);
  assert.equal(subscriber.take(1, 2000).length, 1);
  assert.equal(subscriber.take().length, 1);
});

Deno.test("subscribers to one topic share an entry", () => {
  const store = new Store();
  const subscribers = [new Subscription(), new Subscription()];
  for (const each of subscribers) store.subscriptions.psubscribe(each, "a*");
  store.storeMessage("n", "a", '{"id":1}');
  assert.equal(subscribers[0].take()[0], subscribers[1].take()[0]);
});

Deno.test("names, patterns and numbers of subscriptions are bounded", () => {
  const store = new Store();
  const subscriber = new Subscription();
  for (const name of ["\x7f", "\n", "x".repeat(1025)]) {
    assert.throws(() => store.subscriptions.subscribe(subscriber, name), InvalidInputError);
    assert.throws(() => store.subscriptions.psubscribe(subscriber, name), InvalidInputError);
    assert.throws(() => store.subscriptions.publish(name, "x"), InvalidInputError);
  }
  for (let i = 0; i < MAX_SUBSCRIPTIONS_PER_SUBSCRIBER; i++) {
    store.subscriptions.subscribe(subscriber, `${i}`);
  }
  assert.throws(() => store.subscriptions.psubscribe(subscriber, "*"), SubscriptionLimitError);
  assert.throws(() => store.subscriptions.subscribe(subscriber, "x"), SubscriptionLimitError);
  for (const limit of [0, -1, 1.5, NaN]) {
    assert.throws(() => new Subscription({ maxQueueLength: limit }), RangeError);
    assert.throws(() => new Subscription({ maxQueueBytes: limit }), RangeError);
  }
});

Deno.test("patterns match as in Redis", () => {
  const cases: [string, string, boolean][] = [
    ["sensor.*", "sensor.temperature", true],
    ["sensor.*", "sensor.", true],
    ["sensor.*", "sensors", false],
    ["*", "", true],
    ["", "", true],
    ["", "a", false],
    ["?", "a", true],
    ["?", "", false],
    ["?", "😀", true],
    ["??", "😀", false],
    ["*?", "😀", true],
    ["*??", "😀", false],
    ["a*b*c", "axxbxxc", true],
    ["a*b*c", "axxbxxcx", false],
    ["a*", "ab", true],
    ["*a", "aab", false],
    ["**a**", "bab", true],
    ["[a-c]x", "bx", true],
    ["[c-a]x", "bx", true],
    ["[^a-c]x", "bx", false],
    ["[^a-c]x", "dx", true],
    ["[abc]", "d", false],
    ["[a-]", "-", true],
    ["[\\]]", "]", true],
    ["[]", "a", false],
    ["[abc", "c", true],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["a\\", "a\\", true],
    ["a.b", "axb", false],
    ["(a|b)+$^", "(a|b)+$^", true],
  ];
  for (const [pattern, text, expected] of cases) {
    assert.equal(glob(pattern)(text), expected, `${pattern} on ${text}`);
  }
});

Deno.test("patterns agree with regular expressions of the same meaning", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 });
  const texts = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 });
  assertProperty(
    fc.property(letters, texts, (pattern, text) => {
      const source = pattern.replaceAll("*", ".*").replaceAll("?", ".");
      assert.equal(glob(pattern)(text), new RegExp(`^${source}$`).test(text));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("patterns with classes agree with regular expressions, whatever their length", () => {
  const part = fc.constantFrom("a", "b", "*", "?", "[ab]", "[^a]", "[b-d]", "\\*", "ü", "😀");
  const parts = fc.array(part, { maxLength: 60 });
  const texts = fc.string({ unit: fc.constantFrom("a", "b", "c", "*", "ü", "😀"), maxLength: 60 });
  const sourceOf = (each: string) => ({ "*": ".*", "?": "." })[each] ?? each;
  assertProperty(
    fc.property(parts, texts, (pattern, text) => {
      const source = new RegExp(`^${pattern.map(sourceOf).join("")}$`, "su");
      // The expression may go back without end, so that it gets short texts only.
      const short = pattern.filter((each) => each === "*").length > 4 ? text.slice(0, 6) : text;
      const shown = short.toWellFormed() === short ? short : "";
      assert.equal(glob(pattern.join(""))(shown), source.test(shown));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("patterns made to be slow take time that is linear in the name", () => {
  const hostile = [
    "*a*a*a*a*b",
    `${"*a".repeat(127)}b`,
    `*${"a".repeat(250)}b`,
    `${"*?a".repeat(80)}b`,
    `*${"[ab]".repeat(60)}c`,
    `*${"?".repeat(250)}b`,
  ];
  for (const pattern of hostile) {
    const matches = glob(pattern);
    const run = (length: number) => {
      for (let i = 0; i < 30; i++) assert.equal(matches("a".repeat(length)), false);
    };
    run(1000);
    // A match that goes back would take 16 times as long, or more.
    const ratio = timeRatio(run, 64_000, 4000);
    assert.ok(ratio < 60, `${pattern.slice(0, 20)}: ${ratio} times as long for a name of 16 times`);
  }
});

Deno.test("a message is matched only with the patterns whose beginning its topic has", () => {
  const index = new PatternIndex();
  for (let i = 0; i < 200_000; i++) index.add(`user.${i}.*`);
  const all = index.add("*");
  const exact = index.add("user.7.x");
  const chosen = index.matching("user.7.x").map(({ pattern }) => pattern);
  assert.deepEqual(chosen, ["user.7.*", "*", "user.7.x"]);
  const few = new PatternIndex();
  few.add("user.7.*");
  few.add("*");
  const ratio = timeRatio(
    (patterns: PatternIndex) => {
      for (let i = 0; i < 2000; i++) patterns.matching("user.7.x");
    },
    index,
    few,
  );
  assert.ok(ratio < 30, `${ratio} times as long for 100,000 times as many patterns`);
  index.remove(all);
  index.remove(exact);
  assert.deepEqual(index.matching("other"), []);
  assert.equal(index.size, 200_000);
});

Deno.test("patterns are limited for each subscriber and for all together", () => {
  const { subscriptions } = new Store({ maxPatterns: MAX_PATTERNS_PER_SUBSCRIBER + 1 });
  const [one, other] = [new Subscription(), new Subscription()];
  for (let i = 0; i < MAX_PATTERNS_PER_SUBSCRIBER; i++) subscriptions.psubscribe(one, `${i}*`);
  assert.throws(() => subscriptions.psubscribe(one, "x*"), {
    name: "SubscriptionLimitError",
    message: /a subscriber has at most 1000 patterns/,
  });
  assert.equal(subscriptions.psubscribe(one, "1*"), false);
  assert.equal(subscriptions.psubscribe(other, "1*"), true);
  assert.equal(subscriptions.psubscribe(other, "x*"), true);
  assert.throws(() => subscriptions.psubscribe(other, "y*"), {
    name: "SubscriptionLimitError",
    message: /1001 patterns, which is maxPatterns/,
  });
  subscriptions.punsubscribe(other, "x*");
  assert.equal(subscriptions.psubscribe(other, "y*"), true);
  assert.deepEqual([...other.patterns], ["1*", "y*"]);
  for (const each of [one, other]) subscriptions.remove(each);
  assert.equal(subscriptions.patternCount, 0);
});
