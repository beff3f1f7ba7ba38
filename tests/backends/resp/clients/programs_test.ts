// Programs of Redis, and a client in Python, connect to the embedded server.

import assert from "node:assert/strict";
import { type EmbeddedRedis, embeddedRedis } from "../../../../testing/mod.ts";

/** Runs a program; returns what it printed. */
async function run(program: string, args: string[], input?: string): Promise<string> {
  const child = new Deno.Command(program, {
    args,
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder().decode(stdout);
  assert.equal(code, 0, `${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}${text}`);
  return text;
}

const cli = (redis: EmbeddedRedis, ...args: string[]) =>
  run("redis-cli", ["-p", String(redis.port), ...args]);

Deno.test("redis-cli: commands, --scan, --bigkeys, --pipe and INFO", async () => {
  await using redis = await embeddedRedis();
  assert.equal(await cli(redis, "SET", "text", "value"), "OK\n");
  assert.equal(await cli(redis, "-3", "HSET", "hash", "a", "1", "b", "2"), "2\n");
  assert.equal(await cli(redis, "-3", "HGETALL", "hash"), "a 1\nb 2\n");
  const scanned = await cli(redis, "--scan", "--pattern", "*");
  assert.deepEqual(scanned.trim().split("\n").toSorted(), ["hash", "text"]);
  assert.match(await cli(redis, "--bigkeys"), /Biggest +hash found/i);
  const requests = Array.from({ length: 1000 }, (_, i) => `SET key:${i} ${i}\r\n`).join("");
  const piped = await run("redis-cli", ["-p", String(redis.port), "--pipe"], requests);
  assert.match(piped, /errors: 0, replies: 1000/);
  assert.match(await cli(redis, "INFO", "keyspace"), /db0:keys=1002,expires=0/);
  assert.match(
    await cli(redis, "CLIENT", "LIST"),
    /id=\d+ addr=127\.0\.0\.1:\d+ .*cmd=client\|list/,
  );
});

Deno.test("redis-cli: MONITOR shows the commands of others", async () => {
  await using redis = await embeddedRedis();
  const child = new Deno.Command("redis-cli", {
    args: ["-p", String(redis.port), "MONITOR"],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const seen = async (pattern: RegExp) => {
    while (!pattern.test(text)) text += (await lines.read()).value;
  };
  await seen(/OK/);
  await cli(redis, "SET", "k", 'a "b"');
  await seen(/^\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "set" "k" "a \\"b\\""$/m);
  await redis.stop();
  await lines.cancel();
  await child.status;
});

Deno.test("redis-benchmark runs its tests", async () => {
  await using redis = await embeddedRedis();
  const args = ["-p", String(redis.port), "-n", "2000", "-c", "20", "-P", "4", "--csv"];
  const tests =
    "ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange_100,mset";
  const rows = (await run("redis-benchmark", [...args, "-t", tests])).trim().split("\n").slice(1);
  assert.ok(rows.length >= 15, rows.join("\n"));
  for (const row of rows) assert.match(row, /^"[^"]+","[1-9]/);
  assert.deepEqual(redis.unknownCommands(), {});
});

const PYTHON = `
import redis, sys
r = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
assert r.set("k", "v\\u00e9", ex=60) and r.get("k") == "v\\u00e9" and r.ttl("k") == 60
with r.pipeline() as p:
    assert p.incr("n").incr("n").hset("h", mapping={"a": 1}).execute() == [1, 2, 1]
assert r.hgetall("h") == {"a": "1"}
assert sorted(r.scan_iter()) == ["h", "k", "n"]
ps = r.pubsub()
ps.subscribe("c")
assert ps.get_message(timeout=5)["type"] == "subscribe"
r.publish("c", "hello")
assert ps.get_message(timeout=5)["data"] == "hello"
try:
    r.lpush("k", 1)
    assert False
except redis.ResponseError as error:
    assert str(error).startswith("WRONGTYPE")
ps.close()
with r.pipeline(transaction=False) as p:
    for i in range(20000):
        p.set("big", "x" * 1000)
        p.get("big")
    assert len(p.execute()) == 40000
print("done")
`;

Deno.test("python3-redis: commands, pipelines and messages", async () => {
  await using redis = await embeddedRedis();
  const printed = await run("/usr/bin/python3", ["-c", PYTHON, String(redis.port)]);
  assert.equal(printed, "done\n");
});
