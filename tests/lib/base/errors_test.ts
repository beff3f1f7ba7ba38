// The errors of channels: their names and codes, and the codes of other errors.

import assert from "node:assert/strict";
import * as errors from "../../../lib/base/errors.ts";

const { errorCode, RingbusError, SchemaError, ...classes } = errors;
const { ShmCorruptionError, ShmRemoteError } = classes;

Deno.test("an error has the name of its class, and a code that begins with its area", () => {
  assert.ok(Object.keys(classes).length > 10);
  for (const [name, ErrorClass] of Object.entries(classes)) {
    const error = new ErrorClass("message", "TypeError");
    assert.ok(error instanceof RingbusError);
    assert.equal(String(error), `${name}: message`);
    assert.match(error.code, /^shm-/);
    assert.equal(errorCode(error), error.code);
  }
});

Deno.test("a schema error has the issues, in the order of the schema", () => {
  const issues = [{ path: "$.b", message: "no number" }, { path: "$.a", message: "missing" }];
  const error = new SchemaError("message", issues, { cause: 1 });
  assert.ok(error instanceof RingbusError);
  assert.deepEqual([String(error), error.code, error.cause], ["SchemaError: message", "schema", 1]);
  assert.deepEqual(error.issues, issues);
});

Deno.test("an error keeps its cause", () => {
  const cause = new Error("reason");
  assert.equal(new ShmCorruptionError("message", { cause }).cause, cause);
});

Deno.test("a remote error has the name and the code of the replier's error", () => {
  const error = new ShmRemoteError("message", "ShmTimeoutError", "shm-timeout");
  assert.ok(error instanceof RingbusError);
  assert.deepEqual(
    [error.code, error.remoteName, error.remoteCode],
    ["shm-remote", "ShmTimeoutError", "shm-timeout"],
  );
  assert.equal(new ShmRemoteError("message", "TypeError").remoteCode, undefined);
});

Deno.test("the code of another error is the string that it has as its code", () => {
  const withCode = (code: unknown) => Object.assign(new Error("message"), { code });
  assert.equal(errorCode(withCode("EADDRINUSE")), "EADDRINUSE");
  for (
    const value of [withCode(5), withCode(undefined), new Error("x"), { code: "x" }, "x", null]
  ) {
    assert.equal(errorCode(value), undefined);
  }
});
