// Trimming with `~` removes whole nodes, and these end where those of a real server do.

import assert from "node:assert/strict";
import fc from "fast-check";
import { assertProperty } from "../../support/property.ts";
import { withServers } from "../../stress/redis/servers.ts";

const text = fc.oneof(
  fc.constantFrom("", "x", "12", "-5000", "70000", "9223372036854775807", "9223372036854775808"),
  fc.constantFrom(63, 64, 127, 200, 4095, 5000).map((length) => "y".repeat(length)),
);
const fields = fc.array(fc.tuple(fc.constantFrom("f", "g"), text), { minLength: 1, maxLength: 3 });
const trim = fc.oneof(
  fc.nat(300).map((count) => ["MAXLEN", "~", String(count)]),
  fc.nat(300).map((count) => ["MAXLEN", "~", String(count), "LIMIT", "150"]),
  fc.nat(900).map((ms) => ["MINID", "~", String(ms)]),
  fc.nat(300).map((count) => ["MAXLEN", String(count)]),
);
const part = fc.record({
  fields: fc.array(fields, { minLength: 1, maxLength: 4 }),
  count: fc.integer({ min: 1, max: 250 }),
  deleted: fc.array(fc.nat(900), { maxLength: 30 }),
  trim,
});

Deno.test("resp: whole nodes of a stream are those of redis-server", () =>
  withServers(async ({ ours, theirs }) => {
    const property = fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
      const commands = [["DEL", "s"]];
      let ms = 0;
      for (const { fields, count, deleted, trim } of parts) {
        for (let i = 0; i < count; i++) {
          commands.push(["XADD", "s", `${++ms}-${i % 3}`, ...fields[i % fields.length].flat()]);
        }
        commands.push(["XDEL", "s", "0-1", ...deleted.map((ms) => `${ms}-${ms % 3}`)]);
        commands.push(["XTRIM", "s", ...trim], ["XLEN", "s"], ["XINFO", "STREAM", "s"]);
      }
      const [one, other] = await Promise.all([ours.pipeline(commands), theirs.pipeline(commands)]);
      for (const reply of [...one, ...other]) if (Array.isArray(reply)) reply.splice(4, 2);
      assert.deepEqual(one, other);
    });
    await assertProperty(property, { numRuns: 30 });
  }));
