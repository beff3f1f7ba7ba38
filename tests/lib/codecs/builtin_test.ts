// The `codec` option: built-in codecs and custom ones.

import assert from "node:assert/strict";
import { type CodecName, resolveCodec } from "../../../lib/codecs/builtin.ts";
import type { Codec } from "../../../lib/codecs/codec.ts";
import { bytes, json, msgpack } from "../../support/codecs.ts";

Deno.test("resolveCodec returns msgpack by default and the built-in codecs by name", () => {
  assert.equal(resolveCodec(undefined), msgpack);
  for (const name of ["msgpack", "json", "raw", "clone"] as const) {
    assert.equal(resolveCodec(name).id, name);
  }
});

Deno.test("resolveCodec returns a custom codec and a resolved built-in codec as they are", () => {
  const custom: Codec = { id: "my.codec-1_x", encode: () => bytes(), decode: () => 1 };
  assert.equal(resolveCodec(custom), custom);
  assert.equal(resolveCodec(json), json);
});

Deno.test("resolveCodec names an unknown codec", () => {
  for (const name of ["cbor", "", "constructor", "__proto__"]) {
    assert.throws(() => resolveCodec(name as CodecName), {
      name: "TypeError",
      message: new RegExp(`unknown codec "${name}".*"msgpack", "json", "raw", "clone"`),
    });
  }
  assert.throws(() => resolveCodec(7 as never), { name: "TypeError", message: /got 7$/ });
  assert.throws(() => resolveCodec(null as never), { name: "TypeError", message: /got null$/ });
});

Deno.test("resolveCodec rejects malformed and reserved ids", () => {
  const encode = () => bytes();
  const decode = () => 1;
  for (const id of ["", "a b", "é", "x".repeat(32), "a/b", "a\n", 5, undefined]) {
    assert.throws(() => resolveCodec({ id, encode, decode } as Codec), {
      name: "TypeError",
      message: /codec\.id must be 1 to 31 characters/,
    });
  }
  resolveCodec({ id: "x".repeat(31), encode, decode });
  assert.throws(() => resolveCodec({ id: "json", encode, decode }), {
    name: "TypeError",
    message: /codec\.id "json" belongs to a built-in codec/,
  });
});

Deno.test("resolveCodec rejects objects without encode or decode", () => {
  const encode = () => bytes();
  assert.throws(() => resolveCodec({ id: "x" } as Codec), {
    name: "TypeError",
    message: 'encode of codec "x" must be a function, got undefined',
  });
  assert.throws(() => resolveCodec({ id: "x", encode, decode: 3 } as never), {
    name: "TypeError",
    message: 'decode of codec "x" must be a function, got 3',
  });
});
