import assert from "node:assert/strict";
import { EXIT } from "../../cli/command.ts";
import { Latest } from "../../mod.ts";
import { inShell } from "../support/command_line.ts";

Deno.test("ringbus get, set and watch work on the values of other processes", () =>
  inShell(async ({ run, start, scratch }) => {
    using latest = new Latest<unknown>("machine", { dir: scratch.path });
    latest.set("speed", 12.5);
    latest.set("name", "press");
    const all = (await run(["get", "machine"])).stdout.trim().split("\n").sort();
    assert.deepEqual(all, ['{"key":"name","value":"press"}', '{"key":"speed","value":12.5}']);
    const some = await run(["get", "machine", "speed", "weight", "name"]);
    assert.deepEqual([some.code, some.stdout], [EXIT.FAILED, '12.5\n"press"\n']);
    assert.match(some.stderr, /machine has no value of weight/);

    await using watch = start(["watch", "machine", "speed", "--limit", "3"]);
    await watch.prints('{"key":"speed","value":12.5}');
    const set = await run(["set", "machine", "speed", '{"rpm":3}']);
    assert.deepEqual([set.code, set.stdout], [EXIT.DONE, "set speed of machine\n"]);
    assert.deepEqual(latest.get("speed"), { rpm: 3 });
    await watch.prints('{"key":"speed","value":{"rpm":3}}');
    assert.equal((await run(["set", "machine", "speed", "--delete"])).code, EXIT.DONE);
    assert.equal(latest.has("speed"), false);
    assert.equal((await watch.lines()).at(-1), '{"key":"speed","deleted":true}');
  }));

Deno.test("ringbus set says that a value is gone, and what is wrong with its words", () =>
  inShell(async ({ run }) => {
    const alone = await run(["set", "alone", "k", "1"]);
    assert.equal(alone.code, EXIT.DONE);
    assert.match(alone.stderr, /no other process is attached to alone: give --persist to keep/);
    const misused = await run(["set", "alone", "k", "1", "--delete"]);
    assert.equal(misused.code, EXIT.USAGE);
    assert.match(misused.stderr, /ringbus set takes a VALUE, or --delete/);
  }));

Deno.test("ringbus get says that there is no channel, and creates none", () =>
  inShell(async ({ run }) => {
    const missing = await run(["get", "nowhere"]);
    assert.equal(missing.code, EXIT.FAILED);
    assert.match(missing.stderr, /there is no channel "nowhere"/);
    assert.match((await run(["ls"])).stderr, /there are no channels/);
  }));
