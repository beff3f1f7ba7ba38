// The property names that the msgpack codec expects: how many are kept, and what objects are made of them.

import assert from "node:assert/strict";
import { type ExpectedName, NameTree } from "../../../lib/codecs/msgpack_keys.ts";

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
