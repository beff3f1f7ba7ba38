// The property names that the msgpack codec expects: how many are kept, and what objects are made of them.

import assert from "node:assert/strict";
import { ExpectedName, NAME_STEP_BYTES, NameTree } from "../../../lib/codecs/msgpack_keys.ts";

const NO_BYTES = new Uint8Array(0);

function follow(tree: NameTree, owner: ExpectedName, names: readonly string[]) {
  let name: ExpectedName | undefined = owner.inner;
  for (const each of names) name = name?.follow(each, NO_BYTES, tree);
  return name;
}

Deno.test("a name that followed before is expected, and makes the same object", () => {
  const tree = new NameTree();
  const first = follow(tree, tree.root, ["a", "b"])!;
  assert.equal(follow(tree, tree.root, ["a", "b"]), first);
  assert.equal(tree.root.inner.next!.next, first);
  for (let time = 0; time < 100; time++) {
    assert.deepStrictEqual(first.create([0, 1, 2], 1), { a: 1, b: 2 });
  }
});

Deno.test("of the names at one place a bounded number is kept", () => {
  const tree = new NameTree();
  const names = Array.from({ length: 1000 }, (_, index) => `name ${index}`);
  assert.equal(names.filter((name) => follow(tree, tree.root, [name])).length, 256);
  const owner = follow(new NameTree(), new NameTree().root, ["owner"])!;
  assert.equal(names.filter((name) => owner.follow(name, NO_BYTES, new NameTree())).length, 16);
  assert.ok(follow(tree, tree.root, ["name 7"]));
});

Deno.test("an object has a bounded number of expected names", () => {
  const names = Array.from({ length: 100 }, (_, index) => `name ${index}`);
  assert.equal(follow(new NameTree(), new NameTree().root, names), undefined);
  assert.ok(follow(new NameTree(), new NameTree().root, names.slice(0, 64)));
});

Deno.test("the tree begins anew when it has too many names", () => {
  const tree = new NameTree();
  const { root } = tree;
  let kept = 0;
  for (let outer = 0; tree.root === root; outer++) {
    for (let inner = 0; inner < 16; inner++) {
      if (follow(tree, root, [`outer ${outer}`, `inner ${inner}`])) kept++;
    }
  }
  assert.ok(kept > 3000 && kept < 4096);
  assert.ok(follow(tree, tree.root, ["outer 0", "inner 0"]));
});

/** A name of some bytes with a header of one. */
function nameOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => 0xa0 + 7 * index);
}

Deno.test("a name is where each of its bytes is, whatever lies around it", () => {
  for (let length = 1; length <= 66; length++) {
    const bytes = nameOf(length);
    const name = new ExpectedName(["name"], bytes);
    const around = new Uint8Array(length + NAME_STEP_BYTES).fill(0xff);
    const view = new DataView(around.buffer);
    for (let at = 0; at <= NAME_STEP_BYTES; at++) {
      around.fill(0xff).set(bytes, at);
      const isComplete = at + length <= around.length && at + NAME_STEP_BYTES <= around.length;
      if (isComplete) assert.ok(name.isAt(around, view, at));
      for (let index = at; isComplete && index < at + length; index++) {
        around[index] ^= 1 << index % 8;
        assert.ok(!name.isAt(around, view, at));
        around[index] ^= 1 << index % 8;
      }
    }
  }
});

Deno.test("a name that ends behind the bytes is not there", () => {
  const bytes = nameOf(20);
  const name = new ExpectedName(["name"], bytes);
  const part = bytes.slice(0, 19);
  assert.ok(!name.isAt(part, new DataView(part.buffer), 0));
});

Deno.test("a name is written whole, and reaches no further than a step", () => {
  for (let length = 1; length <= 66; length++) {
    const bytes = nameOf(length);
    const target = new Uint8Array(100).fill(0x55);
    const end = new ExpectedName(["name"], bytes).writeAt(target, new DataView(target.buffer), 3);
    assert.equal(end, 3 + length);
    assert.deepEqual(target.subarray(3, end), bytes);
    const touched = Math.max(end, 3 + NAME_STEP_BYTES);
    assert.ok(
      [...target.subarray(0, 3), ...target.subarray(touched)].every((byte) => byte === 0x55),
    );
  }
});
