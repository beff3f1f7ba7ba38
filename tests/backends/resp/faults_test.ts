// Faults that a test asks for.

import assert from "node:assert/strict";
import type { RedisFault } from "../../../backends/tcp/mod.ts";
import { withResp } from "../../support/resp_server.ts";

Deno.test("faults: errors take the place of replies, and the command is not carried out", async (t) => {
  const cases: [RedisFault, RegExp][] = [
    ["READONLY", /^READONLY You can't write/],
    ["OOM", /^OOM command not allowed/],
    ["LOADING", /^LOADING /],
    ["NOSCRIPT", /^NOSCRIPT /],
    ["BUSY", /^BUSY /],
    ["CLUSTERDOWN", /^CLUSTERDOWN /],
    ["TRYAGAIN", /^TRYAGAIN /],
    ["MOVED", /^MOVED 12182 127\.0\.0\.1:\d+$/],
    ["ASK", /^ASK 12182 127\.0\.0\.1:\d+$/],
    [{ error: "WHY because" }, /^WHY because$/],
  ];
  for (const [fault, error] of cases) {
    await t.step(JSON.stringify(fault), () =>
      withResp({}, async ({ server, client }) => {
        const injected = server.faults.inject(fault);
        const reply = await client.call("SET", "foo", "v");
        assert.match((reply as { error: string }).error, error);
        assert.equal(injected.happened, 1);
        assert.equal(await client.call("GET", "foo"), null);
      }));
  }
});

Deno.test("faults: they happen to the nth commands that are selected, and are taken back", () =>
  withResp({}, async ({ server, client }) => {
    const { faults } = server;
    const injected = faults.inject("LOADING", { command: "get", nth: 2, times: 2 });
    const isRefused = async () => await client.call("GET", "k") !== null;
    const found = [];
    for (let i = 0; i < 6; i++) found.push(await client.call("GET", "k"));
    const loading = { error: "LOADING Redis is loading the dataset in memory" };
    assert.deepEqual(found, [null, loading, null, loading, null, null]);
    assert.equal(injected.happened, 2);
    faults.inject("BUSY", { matches: ([, key]) => key === "ö", times: Infinity });
    assert.equal(await client.call("GET", "k"), null);
    assert.deepEqual(await client.call("PING"), { status: "PONG" });
    assert.ok(typeof await client.call("GET", "\xc3\xb6") === "object");
    faults.clear();
    assert.equal(await client.call("GET", "\xc3\xb6"), null);
    const last = faults.inject("BUSY");
    last.remove();
    assert.equal(await isRefused(), false);
  }));

Deno.test("faults: a command waits by the server's clock, and those after it", () =>
  withResp({}, async ({ server, clock, client, connect }) => {
    server.faults.inject({ waitMs: 500 }, { command: "SET" });
    await client.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    const other = await connect();
    while (server.resp.service.blocked.size === 0) await other.call("PING");
    assert.equal(await other.call("GET", "k"), null);
    clock.advance(500);
    assert.deepEqual(await client.reply(), { status: "OK" });
    assert.equal(await client.reply(), "v");
  }));

Deno.test("faults: the connection is cut before or after the command, or within the reply", async (t) => {
  const cases: [RedisFault, string | null, string][] = [
    ["cut before", null, ""],
    ["cut after", "v", ""],
    ["cut reply", "v", "+OK"],
  ];
  for (const [fault, value, sent] of cases) {
    await t.step(String(fault), () =>
      withResp({}, async ({ server, client, connect }) => {
        server.faults.inject(fault, { command: "SET" });
        await client.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
        assert.equal(await client.ended(), sent);
        assert.equal(await (await connect()).call("GET", "k"), value);
      }));
  }
});

Deno.test("faults: what is no fault is refused with what there is", () =>
  withResp({}, ({ server: { faults } }) => {
    for (const fault of ["moved", "cut", 1, null, {}, { waitMs: -1 }, { error: 1 }]) {
      assert.throws(() => faults.inject(fault as never), /fault must be|waitMs/);
    }
    assert.throws(() => faults.inject("BUSY", { nth: 0 }), RangeError);
    assert.throws(
      () => faults.inject("BUSY", { commands: "GET" } as never),
      /did you mean command/,
    );
    return Promise.resolve();
  }));
