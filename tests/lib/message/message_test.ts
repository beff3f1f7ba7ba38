// Message ids, and messages in JSON.

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  GemstoneClockError,
  GemstoneGenerator,
  GemstoneId,
  Message,
  type MessageInit,
  parseJson,
  Priority,
} from "../../../mod.ts";
import { MAX_ID, parseId } from "../../../lib/message/gemstone.ts";
import { EXPECTED, FIELDS } from "../../../lib/message/fields.ts";
import { ids, jsonObjects } from "../../support/json_values.ts";
import { assertProperty } from "../../support/property.ts";

const NOW_MS = Date.UTC(2025, 5, 1);
const MINIMAL = { sender: { id: "a", name: "A" }, topics: "t", payload: {} };

Deno.test("an id has its documented bits", () => {
  const id = new GemstoneGenerator(200, { clock: () => NOW_MS }).getId(Priority.LOW);
  const elapsed = BigInt(NOW_MS - Date.UTC(2023, 0, 1));
  assert.equal(id.toInt(), 5n << 61n | elapsed << 22n | 200n << 12n);
  assert.deepEqual(
    [id.priority, id.timestamp, id.machineId, id.sequenceNumber],
    [5, NOW_MS, 200, 0],
  );
});

Deno.test("ids sort by priority, then by time, then by sequence", () => {
  let nowMs = NOW_MS;
  const generator = new GemstoneGenerator(7, { clock: () => nowMs });
  const normal = generator.getId();
  const second = generator.getId();
  nowMs++;
  const later = generator.getId();
  const urgent = generator.getId(Priority.URGENT);
  const sorted = [urgent, normal, second, later].map((id) => id.toInt());
  assert.deepEqual(sorted.toSorted((a, b) => a < b ? -1 : 1), sorted);
});

Deno.test("a generator waits for the next millisecond when the sequence is used up", () => {
  let reads = 0;
  const clock = () => reads++ < 5000 ? NOW_MS : NOW_MS + 1;
  const generator = new GemstoneGenerator(0, { clock });
  const made = Array.from({ length: 4097 }, () => generator.getId());
  assert.equal(new Set(made.map((id) => id.toInt())).size, 4097);
  assert.deepEqual([made[4095].timestamp, made[4095].sequenceNumber], [NOW_MS, 4095]);
  assert.deepEqual([made[4096].timestamp, made[4096].sequenceNumber], [NOW_MS + 1, 0]);
});

Deno.test("a generator on the real clock never repeats itself", () => {
  const generator = new GemstoneGenerator(3);
  const made = Array.from({ length: 20_000 }, () => generator.getId().toInt());
  for (let i = 1; i < made.length; i++) assert.ok(made[i] > made[i - 1]);
});

Deno.test("a generator throws while its clock is behind, and works again when it has caught up", () => {
  let nowMs = NOW_MS;
  const generator = new GemstoneGenerator(0, { clock: () => nowMs });
  const before = generator.getId();
  nowMs = NOW_MS - 5;
  assert.throws(() => generator.getId(), { name: "GemstoneClockError", message: /5 ms backwards/ });
  nowMs = NOW_MS;
  assert.ok(generator.getId().toInt() > before.toInt());
});

Deno.test("a generator does not wait forever for a clock that has stopped", () => {
  let nowMs = NOW_MS;
  const generator = new GemstoneGenerator(0, { clock: () => nowMs });
  for (let i = 0; i < 4096; i++) generator.getId();
  assert.throws(() => generator.getId(), GemstoneClockError);
  assert.throws(() => generator.getId(), GemstoneClockError);
  nowMs++;
  assert.equal(generator.getId().sequenceNumber, 0);
});

Deno.test("machine ids, priorities and clocks out of range are rejected", () => {
  for (const machineId of [-1, 256, 1.5, NaN, "1" as unknown as number]) {
    assert.throws(() => new GemstoneGenerator(machineId), RangeError);
  }
  for (const priority of [-1, 8, 1.5, "1"]) {
    assert.throws(() => new GemstoneGenerator(0).getId(priority as Priority), RangeError);
  }
  for (const nowMs of [0, Date.UTC(2041, 0, 1), NaN]) {
    const generator = new GemstoneGenerator(0, { clock: () => nowMs });
    assert.throws(() => generator.getId(), GemstoneClockError);
  }
});

Deno.test("an id is a bigint of 64 bits", () => {
  assertProperty(fc.property(ids, (id) => {
    assert.equal(GemstoneId.fromInt(id).toInt(), id);
    assert.equal(String(GemstoneId.fromInt(id)), id.toString());
  }));
  assert.throws(() => GemstoneId.fromInt(5 as unknown as bigint), TypeError);
  for (const id of [-1n, 2n ** 64n]) assert.throws(() => GemstoneId.fromInt(id), RangeError);
});

Deno.test("a message has the documented JSON", () => {
  const message = new Message({
    ...MINIMAL,
    id: 9737962806006804483n,
    topics: ["a", "b"],
    payload: { deep: [{ id: 2n ** 63n }] },
    thread: [1n, 2n ** 60n],
    recipientList: [{ id: "b" }],
    inResponseTo: 3n,
    ttl: 1.5,
    isErrorMessage: true,
  });
  assert.equal(
    message.stringify(),
    '{"id":9737962806006804483,"sender":{"id":"a","name":"A"},"topics":["a","b"],' +
      '"payload":{"deep":[{"id":9223372036854775808}]},"format":"generic_json",' +
      `"timestamp":${message.timestamp},"priority":4,"thread":[1,1152921504606846976],` +
      '"recipient_list":[{"id":"b"}],"in_response_to":3,"ttl":1.5,"is_error_message":true}',
  );
  assert.equal(JSON.stringify({ message }), `{"message":${message.stringify()}}`);
  assert.equal(message.timestamp, message.idObj.timestamp);
});

Deno.test("a message from another program keeps its fields, their order and their values", () => {
  const text =
    '{"extra_first":18446744073709551616,"payload":{"x":null},"timestamp":1700000000000.25,' +
    '"id":9737962806006804483,"conversation_id":7,"thread":null,"sender":{"id":null,"kind":"bot"},' +
    '"__proto__":{"a":1},"session_state":{"b":9007199254740993},"ttl":null}';
  const message = Message.parse(text);
  assert.equal(message.stringify(), text);
  assert.equal(JSON.stringify(message), text);
  assert.equal(message.conversationId, 7n);
  assert.equal(message.timestamp, 1700000000000.25);
  assert.equal(message.extra["extra_first"], 2n ** 64n);
  assert.deepEqual(message.sender, { id: null, kind: "bot" });
  assert.deepEqual(message.topics, []);
  // It is not a list of ids, so it is kept in `extra`.
  assert.deepEqual(message.thread, []);
  assert.equal(message.extra["thread"], null);
});

Deno.test("any payload and unknown fields survive a round trip", () => {
  assertProperty(
    fc.property(ids, jsonObjects, jsonObjects, (id, payload, extra) => {
      const unknown = Object.fromEntries(
        Object.entries(extra).map(([key, value]) => [`x_${key}`, value]),
      );
      const message = new Message({ ...MINIMAL, id, payload, extra: unknown });
      const copy = Message.parse(message.stringify());
      assert.deepEqual(copy, message);
      assert.equal(copy.stringify(), message.stringify());
    }),
    { numRuns: 500 },
  );
});

Deno.test("a wrong field of a message is an error that says what it must be", () => {
  const id = 1n;
  const cases: [init: unknown, message: RegExp][] = [
    [
      { ...MINIMAL, id, sender: "me" },
      /sender must be an object such as { id, name }.*, not "me"$/,
    ],
    [{ ...MINIMAL, id, topics: 5 }, /topics must be a text or an array of texts, not 5$/],
    [{ ...MINIMAL, id, payload: "hello" }, /payload must be an object, not "hello"$/],
    [{ ...MINIMAL, id, priority: 9 }, /priority must be a whole number from 0 to 7, not 9$/],
    [{ ...MINIMAL, id, inResponseTo: "5" }, /inResponseTo must be an id, .*, or null, not "5"$/],
    [{ ...MINIMAL, id, ttl: 0 }, /ttl must be a number of seconds, more than 0, or null, not 0$/],
    [{ ...MINIMAL, idObj: 5n }, /idObj must be a GemstoneId, not 5n$/],
    [undefined, /takes its options as an object, not undefined: its options are id, /],
  ];
  for (const [init, message] of cases) {
    assert.throws(() => new Message(init as MessageInit), message);
  }
  for (const { name } of FIELDS) assert.ok(EXPECTED[name] !== undefined, name);
});

Deno.test("a changed copy keeps the rest", () => {
  const message = Message.parse('{"id":5,"payload":{},"future_field":[18446744073709551616]}');
  const copy = new Message({ ...message, payload: { new: true } });
  assert.equal(copy.id, 5n);
  assert.deepEqual(copy.extra, message.extra);
  assert.deepEqual(parseJson(copy.stringify()), {
    ...copy.toObject(),
    id: 5,
  });
});

Deno.test("a message without an id, or with fields of another shape, is rejected", () => {
  const rejected: [Partial<Record<keyof MessageInit, unknown>>, string][] = [
    [{}, "TypeError"],
    [{ id: 5 }, "TypeError"],
    [{ id: 1n, idObj: GemstoneId.fromInt(1n) }, "TypeError"],
    [{ id: -1n }, "RangeError"],
    [{ id: 1n, sender: "me" }, "TypeError"],
    [{ id: 1n, sender: undefined }, "TypeError"],
    [{ id: 1n, topics: 7 }, "TypeError"],
    [{ id: 1n, payload: [] }, "TypeError"],
    [{ id: 1n, thread: ["1"] }, "TypeError"],
    [{ id: 1n, priority: 9 }, "TypeError"],
    [{ id: 1n, ttl: 0 }, "RangeError"],
    [{ id: 1n, ttl: -1 }, "RangeError"],
    [{ id: 1n, ttl: NaN }, "RangeError"],
    [{ id: 1n, ttl: Infinity }, "RangeError"],
  ];
  for (const [fields, name] of rejected) {
    assert.throws(() => new Message({ ...MINIMAL, ...fields } as MessageInit), { name });
  }
  for (const text of ["[]", "null", "5", "{}", '{"id":"5"}', '{"id":1.5}', '{"id":-1}']) {
    assert.throws(() => Message.parse(text), TypeError, text);
  }
  assert.throws(() => Message.parse('{"id":18446744073709551616}'), TypeError);
});

Deno.test("an id is read from its digits, also from those in a longer text", () => {
  const ids = fc.oneof(
    fc.bigInt(0n, 2n * MAX_ID),
    fc.bigInt(MAX_ID - 3n, MAX_ID + 3n),
    fc.nat().map(BigInt),
  );
  assertProperty(fc.property(ids, fc.string(), fc.string(), (id, before, after) => {
    const expected = id <= MAX_ID ? id : undefined;
    assert.equal(parseId(String(id)), expected);
    assert.equal(
      parseId(`${before}${id}${after}`, before.length, before.length + `${id}`.length),
      expected,
    );
  }));
  for (const none of ["", "-1", "1.5", "1e3", " 1", "0x1", "1n", "\u0661", "1".repeat(21)]) {
    assert.equal(parseId(none), undefined, none);
  }
  assert.equal(parseId("00000000000000000007"), 7n);
});
