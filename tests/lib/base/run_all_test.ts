import assert from "node:assert/strict";
import { runAll } from "../../../lib/base/run_all.ts";

Deno.test("all steps run, though some throw, and the first error is thrown", () => {
  const done: string[] = [];
  const failing = (name: string) => () => {
    done.push(name);
    throw new Error(name);
  };
  const run = () => runAll(failing("a"), () => done.push("b"), failing("c"), () => done.push("d"));
  assert.throws(run, { message: "a" });
  assert.deepEqual(done, ["a", "b", "c", "d"]);
});

Deno.test("a step that throws undefined has thrown", () => {
  let thrown: unknown = "nothing";
  try {
    runAll(() => {
      throw undefined;
    });
  } catch (error) {
    thrown = error;
  }
  assert.equal(thrown, undefined);
});
