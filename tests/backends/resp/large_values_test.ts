// Values of many bytes, which are kept as bytes once they are read.

import assert from "node:assert/strict";
import { embeddedRedis } from "../../../testing/mod.ts";
import { RespClient } from "../../support/resp_client.ts";

const VALUES = [4095, 4096, 100_000].flatMap((length) => [
  "x".repeat(length),
  Array.from({ length }, (_, i) => String.fromCharCode(i * 7 & 0xff)).join(""),
]);

Deno.test("a large value is the same each time it is read, and in every command", async () => {
  await using redis = await embeddedRedis();
  await using client = await RespClient.open(redis.port);
  for (const value of VALUES) {
    const call = (...words: string[]) => client.call(...words);
    await call("SET", "large", value);
    assert.equal(await call("GET", "large"), value);
    assert.equal(await call("GET", "large"), value);
    assert.equal(await call("GETRANGE", "large", "10", "20"), value.slice(10, 21));
    assert.equal(await call("STRLEN", "large"), value.length);
    assert.equal(await call("OBJECT", "ENCODING", "large"), "raw");
    await call("COPY", "large", "copy", "REPLACE");
    await call("SETRANGE", "copy", "0", "Y");
    assert.equal(await call("GET", "large"), value);
    assert.equal(await call("APPEND", "large", "end"), value.length + 3);
    assert.equal(await call("GET", "large"), `${value}end`);
    assert.equal(await call("GETDEL", "large"), `${value}end`);
  }
});
