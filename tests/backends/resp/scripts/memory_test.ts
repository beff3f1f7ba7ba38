// The memory of the interpreter counts as what is on its way, and is given back.

import assert from "node:assert/strict";
import type { WireReply } from "../../../support/resp_client.ts";
import { withResp } from "../../../support/resp_server.ts";

const MIB = 2 ** 20;
const MAX_BYTES = 64 * MIB;
const errorOf = (reply: WireReply) => (reply as { error: string }).error;

const GREEDY: Readonly<Record<string, string>> = {
  "a long text": "return #('x'):rep(1e8)",
  "texts that double": "local text = 'x' while true do text = text .. text end",
  "a table": "local t = {} while true do t[#t + 1] = #t end",
  "many texts": "local t = {} while true do t[#t + 1] = 'text ' .. #t end",
  "coroutines": "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
  "a result": "return { ('x'):rep(5e6), ('y'):rep(5e6), ('z'):rep(5e6) }",
};

for (const [name, script] of Object.entries(GREEDY)) {
  Deno.test(`a script that takes all memory gets an error: ${name}`, () =>
    withResp({ maxBytes: MAX_BYTES }, async ({ server, client }) => {
      assert.match(errorOf(await client.call("EVAL", script, 0)), /^ERR not enough memory/);
      assert.ok(server.store.transit.used <= MAX_BYTES / 16, "it keeps much");
      assert.equal(await client.call("EVAL", "return 'next'", 0), "next");
    }));
}

Deno.test("a script can catch that it has no memory, and goes on", () =>
  withResp({ maxBytes: MAX_BYTES }, async ({ client }) => {
    const script = `
      local isDone, fault = pcall(string.rep, 'x', 1e8)
      return { tostring(isDone), fault, redis.call('PING').ok }`;
    assert.deepEqual(await client.call("EVAL", script, 0), ["false", "not enough memory", "PONG"]);
  }));

Deno.test("garbage of scripts needs no more memory than what they keep", () =>
  withResp({ maxBytes: MAX_BYTES }, async ({ client }) => {
    const script = `
      local kept = {}
      for i = 1, 1e5 do kept[i] = { i } end
      for i = 1, 1e6 do local garbage = { i, i, i } end
      return #kept`;
    assert.equal(await client.call("EVAL", script, 0), 1e5);
  }));

Deno.test("the interpreter takes no more than the share of what is on its way leaves", () =>
  withResp({ maxBytes: MAX_BYTES }, async ({ server, client }) => {
    const { transit } = server.store;
    const script = "return #('x'):rep(3e6)";
    assert.equal(await client.call("EVAL", script, 0), 3e6);
    transit.add(transit.maxBytes);
    await client.call("SCRIPT", "FLUSH");
    assert.match(errorOf(await client.call("EVAL", script, 0)), /^ERR not enough memory/);
    assert.equal(await client.call("EVAL", "return 1", 0), 1);
    transit.add(-transit.maxBytes);
    assert.equal(await client.call("EVAL", script, 0), 3e6);
    await client.call("SCRIPT", "FLUSH");
    assert.equal(transit.used, 0);
  }));
