import assert from "node:assert/strict";
import {
  type RedisCluster,
  redisCluster,
  type RedisSentinel,
  redisSentinel,
  redisServer,
} from "../../testing/mod.ts";
import { candidatePorts } from "../../testing/ports.ts";
import { RedisMessageQueue } from "../../backends/queue/redis/mod.ts";
import { hasOpenssl, makeCertificates } from "../support/certificates.ts";
import { until } from "../support/deadline.ts";
import { Program } from "../support/program.ts";
import { inScratch } from "../support/scratch.ts";
import { WaitingTests } from "../support/waiting_tests.ts";

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

function directories(): string[] {
  return [...Deno.readDirSync(Deno.env.get("TMPDIR") ?? "/tmp")]
    .map(({ name }) => name)
    .filter((name) => name.startsWith(`ringbus-redis-${Deno.pid}-`));
}

Deno.test("a Redis server replies at its url, persists nothing, and is removed with its directory", async () => {
  let pid: number;
  {
    await using server = await redisServer();
    pid = server.pid;
    assert.equal(server.url, `redis://127.0.0.1:${server.port}`);
    assert.equal(await server.command("PING"), "PONG");
    assert.equal(await server.command("SET", "key", "Grüße\r\n"), "OK");
    assert.equal(await server.command("GET", "key"), "Grüße\r\n");
    assert.deepEqual(await server.command("MGET", "key", "none"), ["Grüße\r\n", null]);
    assert.equal(await server.command("DEL", "key"), 1);
    assert.deepEqual(await server.command("CONFIG", "GET", "appendonly"), ["appendonly", "no"]);
    assert.deepEqual(await server.command("CONFIG", "GET", "save"), ["save", ""]);
    assert.match(server.log, /Ready to accept connections/);
    assert.equal(directories().length, 1);
  }
  assert.equal(isAlive(pid), false);
  assert.deepEqual(directories(), []);
});

Deno.test("a large reply and a large command arrive complete", async () => {
  await using server = await redisServer();
  const text = "äb\r\n$".repeat(100_000);
  await server.command("SET", "key", text);
  assert.equal(await server.command("GET", "key"), text);
});

Deno.test("an error reply is thrown with the server's text", async () => {
  await using server = await redisServer();
  await assert.rejects(server.command("NONSENSE"), {
    message: new RegExp(`^NONSENSE on 127.0.0.1:${server.port} failed: ERR unknown command`),
  });
});

Deno.test("a Redis server with a password accepts only clients that send it", async () => {
  const password = 'a "b" \\ ü\t#';
  await using server = await redisServer({ password });
  assert.equal(await server.command("PING"), "PONG");
  assert.equal(new URL(server.url).password, encodeURIComponent(password));
  using connection = await Deno.connect({ port: server.port });
  await connection.write(new TextEncoder().encode("PING\r\n"));
  const reply = new Uint8Array(100);
  const count = await connection.read(reply);
  assert.match(new TextDecoder().decode(reply.subarray(0, count!)), /^-NOAUTH/);
});

Deno.test("an append-only Redis server has lost nothing after kill and restart", async () => {
  await using server = await redisServer({ appendOnly: true });
  const { pid, port } = server;
  for (let i = 0; i < 100; i++) await server.command("RPUSH", "list", String(i));
  await server.kill();
  assert.equal(server.isRunning, false);
  assert.throws(() => server.pid, /is down/);
  await assert.rejects(server.command("PING"), /PING on .* failed: Connection refused/);
  await server.restart();
  assert.equal(server.port, port);
  assert.notEqual(server.pid, pid);
  assert.equal(await server.command("LLEN", "list"), 100);
});

Deno.test("a Redis server without persistence is empty after stop and restart", async () => {
  await using server = await redisServer();
  await server.command("SET", "key", "value");
  await server.stop();
  assert.equal(server.isRunning, false);
  assert.match(server.log, /ready to exit, bye bye/);
  await server.restart();
  assert.equal(await server.command("DBSIZE"), 0);
});

Deno.test("restart stops a running Redis server first", async () => {
  await using server = await redisServer({ appendOnly: true });
  await server.command("SET", "key", "value");
  await server.restart();
  assert.equal(await server.command("GET", "key"), "value");
});

Deno.test("a Redis server at its memory limit rejects writes", async () => {
  await using server = await redisServer({ maxMemoryBytes: 2_000_000 });
  const fill = async () => {
    for (let i = 0; i < 100; i++) await server.command("SET", `key${i}`, "x".repeat(100_000));
  };
  await assert.rejects(fill, /OOM command not allowed/);
});

Deno.test("config adds directives, except those that the fixture sets itself", async () => {
  await using server = await redisServer({
    config: { "client-output-buffer-limit": "pubsub 1mb 1mb 1", save: "900 1", databases: 3 },
  });
  assert.deepEqual(await server.command("CONFIG", "GET", "databases"), ["databases", "3"]);
  assert.deepEqual(await server.command("CONFIG", "GET", "save"), ["save", "900 1"]);
  const limits = await server.command("CONFIG", "GET", "client-output-buffer-limit");
  assert.match(String(limits), /pubsub 1048576 1048576 1/);
  await assert.rejects(redisServer({ config: { Port: 1 } }), {
    name: "TypeError",
    message: /config cannot set "Port"/,
  });
});

Deno.test("a Redis server that does not start reports why, and leaves nothing", async () => {
  await assert.rejects(redisServer({ config: { maxclients: "many" } }), (error: Error) => {
    assert.match(error.message, /cannot start redis-server on 127\.0\.0\.1:\d+: it ended; its log/);
    assert.match(error.message, /maxclients many/);
    return true;
  });
  assert.deepEqual(directories(), []);
});

Deno.test("a Redis server uses the next port when one is taken", async () => {
  const [before] = candidatePorts();
  const port = before + 1;
  using _listener = tryListen(port);
  await using server = await redisServer();
  assert.notEqual(server.port, port);
  const [after] = candidatePorts();
  assert.ok(after > port + 1, `${port} was not tried: the next one is ${after}`);
});

/** Listens on a port, unless another process does. */
function tryListen(port: number): Disposable | undefined {
  try {
    return Deno.listen({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    return undefined;
  }
}

Deno.test("a Redis server reports that its port was taken while it was down", async () => {
  await using server = await redisServer();
  await server.kill();
  using _listener = Deno.listen({ hostname: "127.0.0.1", port: server.port });
  await assert.rejects(server.restart(), /Address already in use/);
  assert.equal(server.isRunning, false);
});

Deno.test("a Redis server is removed when the test fails", async () => {
  let pid = 0;
  const failing = async () => {
    await using server = await redisServer();
    pid = server.pid;
    throw new Error("the test fails");
  };
  await assert.rejects(failing, /the test fails/);
  assert.equal(isAlive(pid), false);
  assert.deepEqual(directories(), []);
});

Deno.test("a paused Redis server is removed with its fixture", async () => {
  let pid: number;
  {
    await using server = await redisServer();
    pid = server.pid;
    Deno.kill(pid, "SIGSTOP");
  }
  assert.equal(isAlive(pid), false);
});

Deno.test("a Redis server ends with its owner, when that is killed", () =>
  inScratch(async ({ path }) => {
    await using owner = new Program(["-A", "tests/support/programs/redis_owner.ts"], {
      TMPDIR: path,
    });
    await owner.prints(";");
    const pid = Number(owner.output.match(/pid (\d+)/)![1]);
    assert.equal(isAlive(pid), true);
    owner.kill("SIGKILL");
    await owner.ended();
    await until(() => !isAlive(pid), `the end of redis-server ${pid}`);
    await removeChildren(path);
  }));

for (
  const [program, others] of [["redis-server", ["sh", "setpriv"]], ["setpriv", ["sh"]]] as const
) {
  Deno.test(`where ${program} is missing, the error names the command to type`, () =>
    inScratch(async ({ path }) => {
      for (const name of others) await Deno.symlink(`/usr/bin/${name}`, `${path}/${name}`);
      const env = { PATH: path, TMPDIR: path };
      await using owner = new Program(["-A", "tests/support/programs/redis_owner.ts"], env);
      assert.equal((await owner.ended()).success, false);
      const line = `NotInstalledError: cannot start ${program}: it is not installed; type: apt-get`;
      assert.ok(owner.output.includes(line), owner.output);
      for (const name of others) await Deno.remove(`${path}/${name}`);
    }));
}

/** Groups of servers that replace a killed master. */
const waiting = new WaitingTests();

waiting.add(
  "a Redis Cluster is complete when it is returned, survives a killed master, and is removed",
  async () => {
    let pids: number[];
    {
      await using cluster = await redisCluster({ masters: 3, replicas: 1, password: "secret" });
      pids = cluster.nodes.map(({ pid }) => pid);
      await assertComplete(cluster);
      await assertFailover(cluster);
      pids.push(...cluster.nodes.map(({ pid }) => pid));
    }
    assert.deepEqual(pids.filter(isAlive), []);
  },
);

/** Checks slots and roles, and keys on every master. */
async function assertComplete(cluster: RedisCluster): Promise<void> {
  const addresses = cluster.nodes.map(({ host, port }) => `${host}:${port}`);
  assert.equal(cluster.url, `redis-cluster://:secret@${addresses.join(",")}`);
  const [masters, replicas] = [await cluster.masters(), await cluster.replicas()];
  assert.deepEqual([...masters, ...replicas], cluster.nodes);
  assert.deepEqual([masters.length, replicas.length], [3, 3]);
  for (const node of cluster.nodes) {
    const view = String(await node.command("CLUSTER", "NODES"));
    assert.equal(view.match(/ (myself,)?slave /g)?.length, 3, view);
    assert.equal(view.match(/ (myself,)?master /g)?.length, 3, view);
    assert.match(String(await node.command("CLUSTER", "INFO")), /cluster_slots_ok:16384/);
  }
  const served = new Set<number>();
  for (const key of ["a", "b", "c", "d", "e", "f"]) {
    const master = await cluster.masterOf(key);
    served.add(master.port);
    assert.equal(await master.command("SET", key, "value"), "OK");
    assert.equal(await master.command("WAIT", "1", "10000"), 1);
    await master.command("DEL", key);
  }
  assert.equal(served.size, 3);
}

/** Checks that a replica takes over from a killed master, which returns as a replica. */
async function assertFailover(cluster: RedisCluster): Promise<void> {
  const master = await cluster.masterOf("key");
  await master.command("SET", "key", "value");
  assert.equal(await master.command("WAIT", "1", "10000"), 1);
  await cluster.kill(master);
  await cluster.ready();
  const successor = await cluster.masterOf("key");
  assert.notEqual(successor, master);
  assert.equal(await successor.command("GET", "key"), "value");
  assert.equal((await cluster.masters()).length, 3);
  await cluster.restart(master);
  assert.equal((await cluster.masters()).includes(master), false);
  assert.equal((await cluster.replicas()).includes(master), true);
  await until(
    async () => String(await master.command("INFO", "keyspace")).includes("keys=1,"),
    "copying of the key to the former master",
  );
}

Deno.test("a Redis Cluster without a password uses other ports when one of its bus is taken, and rejects nodes of others", async () => {
  const [before] = candidatePorts();
  using _listener = tryListen(before + 10_001);
  await using cluster = await redisCluster({ replicas: 0 });
  const addresses = cluster.nodes.map(({ host, port }) => `${host}:${port}`);
  assert.equal(cluster.url, `redis-cluster://${addresses.join(",")}`);
  assert.equal(cluster.nodes.length, 3);
  assert.equal(cluster.nodes.some(({ port }) => port === before + 1), false);
  await using other = await redisServer();
  await assert.rejects(cluster.kill(other), /is not a node of redis-cluster:/);
  assert.equal(other.isRunning, true);
});

Deno.test("a Redis Cluster rejects an invalid size", async () => {
  const wrong = { name: "RangeError", message: /masters must be .* at least 3, not 2/ };
  await assert.rejects(redisCluster({ masters: 2 }), wrong);
  await assert.rejects(redisCluster({ replicas: -1 }), /replicas must be .* at least 0, not -1/);
});

Deno.test("a Redis Cluster that does not start leaves nothing", async () => {
  await assert.rejects(redisCluster({ config: { maxclients: "many" } }), /maxclients many/);
  assert.deepEqual(directories(), []);
});

waiting.add(
  "sentinels replace a killed master, take it back as a replica, replace a running one, and are removed",
  async () => {
    let pids: number[];
    {
      const passwords = { password: "secret", sentinelPassword: "other" };
      await using group = await redisSentinel({ replicas: 1, name: "jobs", ...passwords });
      pids = [...group.servers, ...group.sentinels].map(({ pid }) => pid);
      const hosts = group.sentinels.map(({ host, port }) => `${host}:${port}`);
      assert.equal(hosts.length, 3);
      assert.equal(
        group.url,
        `redis+sentinel://:secret@${hosts.join(",")}/jobs?sentinelPassword=other`,
      );
      await assertReplacement(group);
      pids.push(...group.servers.map(({ pid }) => pid));
    }
    assert.deepEqual(pids.filter(isAlive), []);
  },
);

waiting.define("a group of Redis servers");

Deno.test("groups of Redis servers leave no directories", () => {
  assert.deepEqual(directories(), []);
});

async function assertReplacement(group: RedisSentinel): Promise<void> {
  const [first, second] = group.servers;
  assert.equal(await group.master(), first);
  assert.deepEqual(await group.replicas(), [second]);
  await first.command("SET", "key", "value");
  assert.equal(await first.command("WAIT", "1", "10000"), 1);
  await group.kill(first);
  await assert.rejects(group.master(), /name no master that runs; await ready\(\)/);
  await group.ready();
  assert.equal(await group.master(), second);
  await group.restart(first);
  assert.equal(await first.command("GET", "key"), "value");
  assert.deepEqual(await group.replicas(), [first]);
  await group.kill(group.sentinels[0]);
  await group.restart(group.sentinels[0]);
  assert.equal(await group.failover(), first);
  assert.deepEqual(await group.replicas(), [second]);
  await using other = await redisServer();
  await assert.rejects(group.kill(other), /is not of the group jobs/);
}

Deno.test("a group with sentinels rejects invalid sizes and passwords, and leaves nothing if it does not start", async () => {
  const wrong = { name: "RangeError", message: /replicas must be .* at least 1, not 0/ };
  await assert.rejects(redisSentinel({ replicas: 0 }), wrong);
  await assert.rejects(redisSentinel({ sentinels: 2 }), /sentinels must be .* at least 3, not 2/);
  await assert.rejects(redisSentinel({ password: "a b" }), (error: Error) => {
    assert.match(error.message, /^password must be a string without white space, quotes and/);
    return !error.message.includes("a b");
  });
  await assert.rejects(redisSentinel({ config: { maxclients: "many" } }), /maxclients many/);
  assert.deepEqual(directories(), []);
});

Deno.test({
  name: "a Redis server and a Redis Cluster with TLS accept only clients with TLS",
  ignore: !hasOpenssl(),
  fn: async () => {
    const { ca, cert, key } = await makeCertificates("IP:127.0.0.1");
    const tls = { ca, cert, key };
    await using server = await redisServer({ tls, password: "secret" });
    assert.equal(server.url, `rediss://:secret@127.0.0.1:${server.port}`);
    await server.restart();
    assert.equal(await server.command("PING"), "PONG");
    using plain = await Deno.connect({ port: server.port });
    await plain.write(new TextEncoder().encode("PING\r\n"));
    assert.doesNotMatch(await firstTextOf(plain), /PONG|NOAUTH/);
    await using cluster = await redisCluster({ tls, replicas: 0 });
    assert.match(cluster.url, /^rediss-cluster:\/\/127/);
    const where = { redisUrl: cluster.url, redisTls: { ca } };
    await using queue = new RedisMessageQueue({ ...where, partitions: 3 });
    await queue.initialize();
    await queue.publish({ channel: "c", payload: 1, sourceAgent: "a" });
    assert.equal(await queue.count(), 1);
    const wrong = redisServer({ tls: { ca, cert, key: "no key" } });
    await assert.rejects(wrong, (error: Error) => /tls|key/i.test(error.message));
  },
});

/** What a peer sends at first, or nothing if it closes the connection. */
async function firstTextOf(connection: Deno.Conn): Promise<string> {
  const bytes = new Uint8Array(1000);
  const count = await connection.read(bytes).catch(() => null);
  return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
}

/** Files and processes of killed servers. */
async function removeChildren(directory: string): Promise<void> {
  for await (const { name } of Deno.readDir(directory)) {
    await Deno.remove(`${directory}/${name}`, { recursive: true });
  }
}
