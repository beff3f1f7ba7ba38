// The replies of batches that come together: callers of one batch go on before the next one gets its replies.

import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { ReplyPacer } from "../../../backends/redis/script_batch.ts";

Deno.test("each turn of the event loop has the replies of one batch", async () => {
  const pacer = new ReplyPacer();
  const seen: string[] = [];
  for (const name of ["a", "b", "c"]) pacer.add(() => seen.push(name));
  for (const expected of ["a", "ab", "abc", "abc"]) {
    assert.equal(seen.join(""), expected);
    await new Promise((resolve) => setImmediate(resolve));
  }
  pacer.add(() => seen.push("d"));
  assert.equal(seen.at(-1), "d");
});
