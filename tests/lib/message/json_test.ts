// JSON without loss: all digits of integers are kept.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Message, Store } from "../../../mod.ts";
import { TextSet } from "../../../lib/base/text_map.ts";
import { jsonMembers, MAX_JSON_DEPTH, parseShallow } from "../../../lib/message/json_members.ts";
import { MAX_DIGITS } from "../../../lib/base/json_limits.ts";
import { parseJson, stringifyJson, withRawIntegers } from "../../../lib/message/json.ts";
import { parsePlainJson } from "../../../lib/base/plain_json.ts";
import { cpuMs } from "../../support/cpu_clock.ts";
import { jsonObjects, jsonValues } from "../../support/json_values.ts";
import { sourcesIn } from "../../support/error_messages.ts";
import { ROOT } from "../../support/program.ts";
import { assertProperty } from "../../support/property.ts";

Deno.test("any JSON value survives a round trip, with all digits of its integers", () => {
  assertProperty(
    fc.property(jsonValues, (value) => {
      const text = stringifyJson(value);
      assert.deepEqual(parseJson(text), value);
      assert.equal(stringifyJson(parseJson(text)), text);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("JSON.stringify writes what stringifyJson writes", () => {
  assertProperty(fc.property(jsonValues, (value) => {
    assert.equal(JSON.stringify(withRawIntegers(value)), stringifyJson(value));
  }));
});

Deno.test("integers become bigints where a number would lose digits, and only there", () => {
  const cases: [string, unknown][] = [
    ["9007199254740991", 9007199254740991],
    ["-9007199254740991", -9007199254740991],
    ["9007199254740992", 9007199254740992n],
    ["-9007199254740993", -9007199254740993n],
    ["18446744073709551615", 18446744073709551615n],
    ["12345678901234567890.5", 12345678901234567890.5],
    ["1e30", 1e30],
    ["1.0000000000000001", 1],
    ['"9737962806006804483"', "9737962806006804483"],
  ];
  for (const [text, value] of cases) assert.deepEqual(parseJson(text), value, text);
});

Deno.test("a key called __proto__ is a key like any other", () => {
  for (const digits of ["1", "9737962806006804483"]) {
    const value = parseJson(`{"__proto__":{"polluted":${digits}}}`) as Record<string, unknown>;
    assert.deepEqual(Object.keys(value), ["__proto__"]);
    assert.equal(value["polluted"], undefined);
    assert.equal(stringifyJson(value), `{"__proto__":{"polluted":${digits}}}`);
  }
});

Deno.test("keys with escapes are not confused with keys parsed before", () => {
  // The fault of V8 depends on the texts that it has parsed before.
  JSON.parse(String.raw`{"h":[],"\\":0}`);
  for (const key of ['"', "\n", "\u0001", 'a"', "\\"]) {
    const text = JSON.stringify({ h: 1, [key]: { h: 1, [key]: 2 } });
    assert.equal(stringifyJson(parseJson(text)), text);
  }
});

Deno.test("an application's BigInt.prototype.toJSON does not turn integers into strings", () => {
  const prototype = BigInt.prototype as { toJSON?: () => string };
  prototype.toJSON = function () {
    return this.toString();
  };
  try {
    assert.equal(stringifyJson([2n ** 64n]), "[18446744073709551616]");
  } finally {
    delete prototype.toJSON;
  }
});

Deno.test("what is no text is a TypeError that says so, at any reader", () => {
  for (const value of [undefined, null, 5, {}, new Uint8Array(2)] as unknown[] as string[]) {
    const readers = [
      () => parseJson(value),
      () => Message.parse(value),
      () => new Store().storeMessage("n", "t", value),
    ];
    for (const read of readers) {
      assert.throws(read, { name: "TypeError", message: /^JSON to read must be a string, not / });
    }
  }
});

Deno.test("invalid JSON, and JSON nested too deep, is a SyntaxError", () => {
  for (const text of ["", "{", "[1,]", "01", "[9737962806006804483", "undefined"]) {
    assert.throws(() => parseJson(text), SyntaxError, text);
  }
  const deep = "[".repeat(1e6) + "9737962806006804483" + "]".repeat(1e6);
  assert.throws(() => parseJson(deep), { name: "SyntaxError", message: /nested too deep/ });
  assert.throws(() => stringifyJson(() => {}), TypeError);
});

Deno.test("a number with too many digits is rejected at once, in any place and at any reader", () => {
  const number = "1".repeat(10_000_000);
  const texts = [
    number,
    `-${number}`,
    `[1,{"a":${number}}]`,
    `0.${number}`,
    `{"a":"x","id":${number}}`,
  ];
  for (const text of texts) {
    for (const parse of [parseJson, parsePlainJson, parseShallow]) {
      const startMs = cpuMs();
      assert.throws(() => parse(text), /more than 4300 digits/);
      const tookMs = cpuMs() - startMs;
      assert.ok(tookMs < 2000, `it took ${tookMs} ms`);
    }
  }
  const largest = 10n ** BigInt(MAX_DIGITS) - 1n;
  assert.deepEqual(parseJson(stringifyJson([largest, "x".repeat(5000)])), [
    largest,
    "x".repeat(5000),
  ]);
  for (const integer of [largest + 1n, -largest - 1n]) {
    assert.throws(() => stringifyJson([integer]), /more than 4300 digits/);
    assert.throws(() => withRawIntegers([integer]), /more than 4300 digits/);
  }
});

Deno.test("brackets and digits in strings, and invalid JSON, do not count for the limits", () => {
  const harmless = JSON.stringify({ a: "[".repeat(10_000), b: "1".repeat(10_000), c: '\\"[{' });
  for (const parse of [parseJson, parsePlainJson, parseShallow]) {
    assert.deepEqual(parse(harmless), JSON.parse(harmless));
    for (const broken of ['"', '{"a', "]", '{"\\', "}".repeat(3000)]) {
      assert.throws(() => parse(" ".repeat(1e5) + broken), SyntaxError);
    }
  }
});

Deno.test("only the readers of JSON call JSON.parse", () => {
  // The others read what this package writes to its own processes, and never names that a user chooses.
  const own =
    /^lib\/message\/json|^lib\/base\/(?:json_scanner|plain_json)|^lib\/sockets\/remote_failure|^backends\/hosting\/|^cli\/benchmark\//;
  const page = "backends/http/dashboard/page_text.ts";
  const calls = /^(?! *(?:\/?\*|\/\/)).*\bJSON\.parse\b/m;
  const others = [...sourcesIn("lib/", "backends/", "cli/", "otel/", "testing/")]
    .filter((path) =>
      !own.test(path) && path !== page && calls.test(Deno.readTextFileSync(new URL(path, ROOT)))
    );
  assert.deepEqual(others, []);
});

Deno.test("the members of any object are found as text", () => {
  assertProperty(
    fc.property(jsonObjects, fc.constantFrom(0, 1), (object, indent) => {
      const plain = JSON.stringify(withRawIntegers(object), null, indent);
      const members = jsonMembers(` ${plain}\n`, new TextSet(Object.keys(object)));
      assert.deepEqual([...members.keys()], Object.keys(object));
      const some = new TextSet(["id", "__proto__", "none"]);
      assert.deepEqual(
        [...jsonMembers(plain, some).keys()],
        [...members.keys()].filter((key) => some.has(key)),
      );
      for (const [key, text] of members) assert.deepEqual(parseJson(text), object[key]);
    }),
    { numRuns: 500 },
  );
});

const A = new TextSet(["a"]);

Deno.test("the last of two members with one key counts", () => {
  assert.equal(jsonMembers(String.raw`{"a":1,"\u0061":[2, 3]}`, A).get("a"), "[2, 3]");
});

Deno.test("members nested deeper than the limit are rejected", () => {
  const nested = (depth: number) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  assert.equal(jsonMembers(nested(MAX_JSON_DEPTH), A).size, 1);
  assert.throws(() => jsonMembers(nested(MAX_JSON_DEPTH + 1), A), SyntaxError);
});

Deno.test("a long text that is nested deep is rejected before it is parsed", () => {
  const text = (depth: number) =>
    `{"brackets":"${'[\\"'.repeat(50_000)}","a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  assert.equal(typeof parseShallow(text(MAX_JSON_DEPTH - 1)), "object");
  assert.throws(() => parseShallow(text(MAX_JSON_DEPTH)), /nested deeper than 512/);
  assert.throws(() => parseShallow("[".repeat(1e7)), /nested deeper than 512/);
  for (const broken of ['"', '{"a', "]", '{"\\']) {
    assert.throws(() => parseShallow(" ".repeat(1e5) + broken), SyntaxError);
  }
});

/** Texts of JSON with long numbers of every form, inside and outside of strings. */
const LONG_NUMBERS = fc.array(
  fc.constantFrom(
    "9007199254740993",
    "-9007199254740993",
    "1234567890123456.5",
    "0.1234567890123456789",
    "1e0000000000000000001",
    "-1.5e-0000000000000001",
    "12345678901234567890E2",
    '"9007199254740993"',
    '":9007199254740993,"',
    '"\\"9007199254740993"',
    '"\\u0001 9007199254740993"',
    "[9007199254740993]",
    '{"9007199254740993": 18446744073709551615 }',
    "123456789012345",
    "1234567890123456",
  ),
).map((items) => `[${items.join(",")}]`);

Deno.test("long numbers of any form are read alike, in a text with escapes and in one without", () => {
  assertProperty(
    fc.property(LONG_NUMBERS, (text) => {
      const value = parseJson(text) as unknown[];
      // An escape makes the reader take the other way.
      const [other] = parseJson(`[${text}, "\\n"]`) as unknown[];
      assert.deepStrictEqual(value, other);
      assert.deepStrictEqual(JSON.parse(text), JSON.parse(stringifyJson(value)));
    }),
    { numRuns: 500 },
  );
});

/** Members and elements that look like those of messages with long ids. */
const ID_LITERALS = fc.constantFrom(
  "1",
  "1e18",
  "1000000000000000000",
  "1000000000000000001",
  "9007199254740991",
  "12345678901234567.5",
  "-12345678901234567",
);
const MEMBERS = fc.oneof(
  ID_LITERALS.map((id) => `"id":${id}`),
  ID_LITERALS.map((id) => `"in_response_to":${id}`),
  ID_LITERALS.map((id) => `"payload":{"id":${id}}`),
  ID_LITERALS.map((id) => `"thread":[{"id":${id}},${id}]`),
  fc.constant(`"text":"]{12345678901234567"`),
);
const OBJECTS = fc.uniqueArray(MEMBERS, { maxLength: 3, selector: (text) => text.split(":")[0] })
  .map((members) => `{${members}}`);
const ELEMENTS = fc.oneof(
  { weight: 5, arbitrary: OBJECTS },
  ID_LITERALS,
  fc.constantFrom("null", '""', "[]"),
);

Deno.test("the ids of messages are read as any other integers", () => {
  const texts = fc.oneof(OBJECTS, fc.array(ELEMENTS, { maxLength: 4 }).map((all) => `[${all}]`));
  assertProperty(
    fc.property(texts, (text) => {
      const [other] = parseJson(`[${text}, "\\n"]`) as unknown[];
      assert.deepStrictEqual(parseJson(text), other);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("data is written alike, with a bigint in it and without", () => {
  assertProperty(fc.property(fc.jsonValue(), (value) => {
    assert.equal(stringifyJson(value), JSON.stringify(value));
    assert.equal(stringifyJson([value, 1n]), `[${JSON.stringify(value)},1]`);
  }));
  for (const odd of [new Map(), { a: [new Set()] }, { a: { b: new Uint8Array(1) } }]) {
    assert.throws(() => stringifyJson(odd), { name: "TypeError", message: /send only data/ });
  }
  const dated = { at: new Date(0), none: undefined, f: () => 1, own: { toJSON: () => 5 } };
  assert.equal(stringifyJson(dated), JSON.stringify(dated));
});
