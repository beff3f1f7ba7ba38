import assert from "node:assert/strict";
import { messageOf, nameOf } from "../../../lib/base/thrown.ts";
import { errorCode } from "../../../lib/base/errors.ts";
import { THROWN } from "../../support/thrown.ts";

Deno.test("errors have their name and message", () => {
  assert.equal(messageOf(new TypeError("no such file")), "no such file");
  assert.equal(nameOf(new TypeError("x")), "TypeError");
  assert.equal(messageOf("text"), "text");
  assert.equal(nameOf("text"), "Error");
  assert.equal(messageOf(Object.assign(Object.create(null), { code: 1 })), '{"code":1}');
});

for (const [name, make] of Object.entries(THROWN)) {
  Deno.test(`${name} is described without an error`, () => {
    const thrown = make();
    for (const describe of [messageOf, nameOf]) assert.equal(typeof describe(thrown), "string");
    assert.ok(["string", "undefined"].includes(typeof errorCode(thrown)));
  });
}
