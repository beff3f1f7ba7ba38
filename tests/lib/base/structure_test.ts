// Structures of bytes, described as data.

import assert from "node:assert/strict";
import { Describer, rowAt } from "../../../lib/base/structure.ts";

const LAYOUT = {
  ITEM_FLAG: 0,
  ITEM_SHORT: 2,
  ITEM_WORD: 4,
  ITEM_LARGE: 8,
  ITEM_SIGNED: 16,
  ITEM_POSITION: 24,
  ITEM_TIME: 32,
  ITEM_NAME: 40,
  ITEM_PAIR: 44,
};
const describe = new Describer(LAYOUT);
const ITEM = describe.structure("Item", "ITEM_", 48, {
  flag: describe.u8("ITEM_FLAG", "flag"),
  short: describe.u16("ITEM_SHORT", "short"),
  word: describe.u32("ITEM_WORD", "word", "a word"),
  large: describe.u64("ITEM_LARGE", "large"),
  signed: describe.i64("ITEM_SIGNED", "signed"),
  position: describe.position("ITEM_POSITION", "position"),
  time: describe.f64("ITEM_TIME", "time"),
  name: describe.raw("ITEM_NAME", 4, "name"),
  pair: describe.field("ITEM_PAIR", 4, "pair", (view, at) => [
    view.getUint16(at, true),
    view.getUint16(at + 2, true),
  ]),
});

Deno.test("a row has the values of all fields, wherever the structure begins", () => {
  const start = 16;
  const bytes = new Uint8Array(100);
  // The view does not begin where the buffer does.
  const view = new DataView(bytes.buffer, 8);
  view.setUint8(start, 200);
  view.setUint16(start + 2, 65535, true);
  view.setUint32(start + 4, 2 ** 32 - 1, true);
  view.setBigUint64(start + 8, 2n ** 64n - 1n, true);
  view.setBigInt64(start + 16, -5n, true);
  view.setBigUint64(start + 24, 2n ** 53n - 1n, true);
  view.setFloat64(start + 32, 1.5, true);
  view.setUint32(start + 40, 0x04030201, true);
  view.setUint32(start + 44, 0x00020001, true);
  const { name, ...row } = rowAt(ITEM, view, start);
  assert.deepEqual(row, {
    flag: 200,
    short: 65535,
    word: 2 ** 32 - 1,
    large: 2n ** 64n - 1n,
    signed: -5n,
    position: 2 ** 53 - 1,
    time: 1.5,
    pair: [1, 2],
  });
  assert.deepEqual([...name], [1, 2, 3, 4]);
});

Deno.test("a field has its offset, its bytes and its texts", () => {
  const { name, offset, bytes, label, meaning } = ITEM.fields.word;
  assert.deepEqual([name, offset, bytes, label, meaning], ["ITEM_WORD", 4, 4, "word", "a word"]);
});
