// Messages as the Python clients can read them, and back.

import assert from "node:assert/strict";
import fc from "fast-check";
import { GemstoneGenerator, Message, type MessageInit } from "../../../mod.ts";
import { parseMessage } from "../../../backends/store/stored_message.ts";
import { jsonObjects } from "../../support/json_values.ts";
import { assertProperty } from "../../support/property.ts";

const generator = new GemstoneGenerator(1);

function make(init: Partial<MessageInit> = {}): Message {
  const payload = { text: "x" };
  return new Message({ idObj: generator.getId(), sender: {}, topics: "t", payload, ...init });
}

/** What the clients of the protocol accept: whole numbers, something in the payload, known fields. */
function assertReadable(text: string): void {
  const json = JSON.parse(text);
  const { ttl = null, enrich_with_history: history = 0, payload } = json;
  assert.ok(ttl === null || Number.isInteger(ttl), `ttl ${ttl}`);
  assert.ok(history === null || Number.isInteger(history), `enrich_with_history ${history}`);
  assert.ok(Object.keys(payload).length > 0, "an empty payload");
  assert.equal(Message.parse(text).problemForPython !== undefined, true, "restored as it was");
  for (const name of Object.keys(json)) assert.doesNotMatch(name, /^x_|tracestate|baggage/);
}

const UNREADABLE: Record<string, Partial<MessageInit>> = {
  "a fraction in ttl": { ttl: 0.5 },
  "a fraction in enrich_with_history": { enrichWithHistory: 1.5 },
  "an empty payload": { payload: {} },
  "a field of its own": { extra: { x_color: "red" } },
  "all of them, and a state": {
    ttl: 1.25,
    payload: {},
    extra: { x_a: 2n ** 64n, x_b: null },
    sessionState: { user: 7 },
  },
  "an empty state": { payload: {}, sessionState: {} },
  "a state of null": { payload: {}, sessionState: null },
  "trace context": { extra: { tracestate: "a=b", baggage: "c=d" } },
};

for (const [what, init] of Object.entries(UNREADABLE)) {
  Deno.test(`a message with ${what} is written so that Python clients read it, and restored`, () => {
    const message = make(init);
    const text = message.stringifyPortable();
    assertReadable(text);
    assert.deepEqual(Message.parse(text), message);
    assert.equal(Message.parse(text).stringify(), message.stringify());
    assert.equal(Message.parse(text).stringifyPortable(), text);
  });
}

Deno.test("random messages are restored", () => {
  assertProperty(fc.property(
    jsonObjects,
    jsonObjects,
    fc.option(jsonObjects, { nil: undefined }),
    fc.option(fc.double({ min: 0.001, max: 1e6, noNaN: true })),
    (payload, unknown, sessionState, ttl) => {
      const extra = Object.fromEntries(
        Object.entries(unknown).map(([name, value]) => [`x_${name}`, value]),
      );
      const message = make({ payload, extra, sessionState, ttl });
      const copy = Message.parse(message.stringifyPortable());
      assert.equal(copy.stringify(), message.stringify());
    },
  ));
});

Deno.test("a message that Python clients can read is written as it is", () => {
  const message = make({ ttl: 60, sessionState: { a: 1 } });
  assert.equal(message.stringifyPortable(), message.stringify());
  assert.equal(message.problemForPython, undefined);
});

Deno.test("unknown fields of a message that was read stay where they are, also in a changed copy", () => {
  const text = '{"z":1,"id":7,"sender":{},"topics":"t","payload":{"a":1}}';
  const message = Message.parse(text);
  assert.equal(message.stringifyPortable(), text);
  const changed = new Message({ ...message, payload: { a: 2 } });
  assert.equal(JSON.parse(changed.stringifyPortable()).z, 1);
});

Deno.test("what a client changes is kept, and what it copies into another message has no effect", () => {
  const message = make({ ttl: 0.5, payload: {}, extra: { x: 1 } });
  const json = JSON.parse(message.stringifyPortable());
  const changed = Message.fromJson({
    ...json,
    id: message.id,
    ttl: 9,
    payload: { more: true },
    session_state: { ...json.session_state, user: 1 },
    thread: [3],
    ringbus: 1,
  });
  // The id in the state is exact only in exact JSON.
  assert.equal(changed.ttl, 9);
  const exact = Message.parse(
    message.stringifyPortable().replace('"ttl":1', '"ttl":9').replace(
      '"session_state":{',
      '"session_state":{"user":1,',
    ),
  );
  assert.equal(exact.ttl, 9);
  assert.deepEqual(exact.payload, {});
  assert.deepEqual(exact.extra, { x: 1 });
  assert.deepEqual(exact.sessionState, { user: 1 });
  const other = Message.fromJson({ ...json, id: generator.getId().toInt() });
  assert.equal(other.ttl, 1);
  assert.deepEqual(other.extra, {});
});

Deno.test("a foreign time to live keeps its sign", () => {
  for (const [ttl, written] of [[-0.5, -1], [-2.5, -3], [0.001, 1], [0, 0]]) {
    const message = Message.fromJson({ id: 1, sender: {}, topics: "t", payload: { a: 1 }, ttl });
    const text = message.stringifyPortable();
    assert.equal(JSON.parse(text).ttl, written);
    assert.equal(Message.parse(text).stringify(), message.stringify());
  }
});

Deno.test("the store counts the fraction of a time to live", () => {
  const message = make({ ttl: 0.25 });
  assert.equal(JSON.parse(message.stringifyPortable()).ttl, 1);
  assert.equal(parseMessage(message.stringifyPortable()).lifetimeSeconds, 0.25);
});

Deno.test("the problem names the field", () => {
  const problem = (json: object) => Message.fromJson({ id: 1, ...json }).problemForPython;
  const whole = { sender: {}, topics: "t", payload: { a: 1 } };
  assert.equal(problem({}), "sender is missing");
  assert.equal(problem({ ...whole, ttl: 0.5 }), "ttl must be a whole number");
  assert.equal(problem({ ...whole, ttl: "5" }), "ttl has another type");
  for (const ttl of [0, -1, 60, null]) assert.equal(problem({ ...whole, ttl }), undefined);
  assert.equal(problem({ ...whole, payload: {} }), "payload must not be empty");
  assert.equal(problem({ ...whole, color: 1 }), "it has a field color that they do not know");
});
