// Names, keys and ids that a client has chosen to share a bucket in the engine's maps.

import assert from "node:assert/strict";
import { Store } from "../../../backends/store/store.ts";
import { Subscription } from "../../../backends/store/subscription.ts";
import { StateTable } from "../../../backends/state/table.ts";
import { JsonText } from "../../../backends/store/value.ts";
import { CommandTable } from "../../../backends/tcp/server/command_table.ts";
import { TextSet } from "../../../lib/base/text_map.ts";
import { jsonMembers } from "../../../lib/message/json_members.ts";
import { Message } from "../../../lib/message/message.ts";
import { collidingIds, collidingTexts, timeRatio } from "../../support/collisions.ts";

const COUNT = 8000;
const CHOSEN = collidingTexts(COUNT);
const OTHERS = CHOSEN.map((_, i) => `name ${i}`);

const CALLS: Record<string, (texts: string[]) => void> = {
  keys(texts) {
    const store = new Store();
    for (const text of texts) store.strings.set(text, "x");
  },
  fields(texts) {
    const store = new Store();
    for (const text of texts) store.hashes.set("h", text, "x");
  },
  "members of a set"(texts) {
    const values = texts.map((text) => text.startsWith("n") ? text : new JsonText(text));
    new Store().sets.add("s", values);
  },
  topics(texts) {
    const store = new Store();
    for (const [i, text] of texts.entries()) store.storeMessage("n", text, `{"id":${i}}`);
  },
  namespaces(texts) {
    const store = new Store();
    for (const [i, text] of texts.entries()) store.storeMessage(text, "t", `{"id":${i}}`);
  },
  subscriptions(texts) {
    const { subscriptions } = new Store();
    const subscription = new Subscription();
    for (const text of texts) subscriptions.subscribe(subscription, text);
  },
  "threads and pairs"(texts) {
    const limits = { maxSlotsPerThread: 1, maxThreads: COUNT, ttlMs: 1000 };
    const table = new StateTable(limits, () => 0);
    for (const text of texts) {
      table.append(text, Uint8Array.of(1));
      table.setPair(text, text);
    }
  },
  "members of a body"(texts) {
    jsonMembers(`{${texts.map((text) => `"${text}":1`).join(",")}}`, new TextSet(["key"]));
  },
  "words of commands"(texts) {
    const table = new CommandTable(undefined);
    const lines = texts.join(" ");
    for (let at = 0; at < lines.length; at += texts[0].length + 1) {
      table.find(lines.slice(at, at + texts[0].length));
    }
  },
  "members of a message"(texts) {
    const members = texts.map((text) => `"${text}":1`).join(",");
    Message.parse(`{"id":1,"sender":{},"topics":["t"],"payload":{},${members}}`);
  },
};

for (const [what, call] of Object.entries(CALLS)) {
  Deno.test(`${what} that are chosen to collide take no longer than others`, () => {
    const ratio = timeRatio(call, CHOSEN, OTHERS);
    assert.ok(ratio < 12, `${ratio} times as long`);
  });
}

Deno.test("message ids that are chosen to collide take no longer than others", () => {
  const chosen = collidingIds(COUNT);
  const ratio = timeRatio(
    (ids: bigint[]) => {
      const store = new Store();
      for (const id of ids) store.storeMessage("n", "t", `{"id":${id}}`);
    },
    chosen.toSorted((a, b) => a < b ? -1 : 1),
    chosen.map((_, i) => BigInt(i + 1) << 22n),
  );
  assert.ok(ratio < 12, `${ratio} times as long`);
});

Deno.test("one id in many topics is stored, found and deleted in linear time", () => {
  const run = (topics: number) => {
    const store = new Store();
    for (let i = 0; i < topics; i++) store.storeMessage("n", `t${i}`, '{"id":7}');
    assert.equal(store.topics.byId("n", [7n])[0].topic, `t${topics - 1}`);
    for (let i = 0; i < topics; i += 2) store.topics.deleteTopic(`t${topics - 1 - i}`);
    assert.equal(store.topics.byId("n", [7n])[0].topic, `t${topics - 2}`);
    assert.equal(store.topics.deleteMessage("n", 7n), true);
    assert.equal(store.stats().messages, 0);
  };
  const ratio = timeRatio(run, 20_000, 2000);
  assert.ok(ratio < 45, `${ratio} times as long for ten times as many`);
});

Deno.test("one id in many namespaces of a topic is removed in linear time", () => {
  const run = (namespaces: number) => {
    const store = new Store();
    for (let i = 0; i < namespaces; i++) store.storeMessage(`n${i}`, "t", '{"id":7}');
    for (let i = namespaces; i-- > 0;) store.topics.deleteMessage(`n${i}`, 7n);
    assert.equal(store.stats().messages, 0);
  };
  const ratio = timeRatio(run, 20_000, 2000);
  assert.ok(ratio < 45, `${ratio} times as long for ten times as many`);
});
