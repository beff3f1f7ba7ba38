// The queue and the shared state on a master that sentinels watch, through failovers.

import assert from "node:assert/strict";
import { QueueAuthenticationError, QueueConnectionError, QueueError } from "../../../mod.ts";
import { RedisMessageQueue } from "../../../backends/queue/redis/mod.ts";
import { RedisBackend, SharedBackendError } from "../../../backends/state/mod.ts";
import { redisDiagnostics } from "../../../cli/doctor/redis.ts";
import { type RedisSentinel, redisSentinel, type RedisServer } from "../../../testing/mod.ts";
import { nextOf, task } from "../../conformance/queue/stage.ts";
import { hasOpenssl, makeCertificates } from "../../support/certificates.ts";
import { sleep, until, within } from "../../support/deadline.ts";
import { collectLog } from "../../support/log_records.ts";
import { WaitingTests } from "../../support/waiting_tests.ts";

const PASSWORDS = { password: "p:/@é", sentinelPassword: "s%&+" };

type GroupTest = (group: RedisSentinel) => Promise<void>;

/** Runs a test with a group of its own. */
async function runWithGroup(body: GroupTest): Promise<void> {
  await using group = await redisSentinel(PASSWORDS);
  await body(group);
}

function groupTest(name: string, body: GroupTest): void {
  Deno.test(name, () => runWithGroup(body));
}

/** Tests that wait for the sentinels to replace a master. The longest one begins first. */
const waiting = new WaitingTests();
/** Each of them runs seven programs. */
const AT_ONCE = 3;

function failoverTest(name: string, body: GroupTest): void {
  waiting.add(name, () => runWithGroup(body));
}

/** A queue and a state whose writes some replicas confirm. */
async function open(redisUrl: string, minReplicas = 1) {
  await using resources = new AsyncDisposableStack();
  const options = { redisUrl, minReplicas, commandTimeoutMs: 2000, maxItems: 100_000 };
  const queue = resources.use(new RedisMessageQueue(options));
  await queue.initialize({ timeoutMs: 30_000 });
  const state = resources.use(new RedisBackend({ redisUrl, redisMinReplicas: minReplicas }));
  await state.connect();
  const owned = resources.move();
  return { queue, state, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type Stage = Awaited<ReturnType<typeof open>>;

/** Milliseconds between the calls of a caller, so that a failover is not the time of thousands. */
const PACE_MS = 4;

/** Publishes and appends all the time, and remembers what was acknowledged. */
class Load {
  readonly published: number[] = [];
  /** The index of each slot, by its number. */
  readonly appended: { number: number; index: number }[] = [];
  readonly failures: unknown[] = [];
  #count = 0;
  #isEnding = false;
  readonly #running: Promise<unknown>;

  constructor({ queue, state }: Stage) {
    const publish = async (number: number) => {
      await queue.publish(task(number));
      this.published.push(number);
    };
    const append = async (number: number) => {
      const index = await state.bufferAppend("t", slotOf(number));
      this.appended.push({ number, index });
    };
    const publishers = Array.from({ length: 6 }, () => this.#repeat(publish));
    this.#running = Promise.all([...publishers, this.#repeat(append)]);
  }

  async #repeat(call: (number: number) => Promise<void>): Promise<void> {
    while (!this.#isEnding) {
      await call(this.#count++).catch((error) => this.failures.push(error));
      await sleep(PACE_MS);
    }
  }

  /** Waits for more acknowledged calls of both kinds. */
  async more(calls: number): Promise<void> {
    const goal = [this.published.length + calls, this.appended.length + calls / 10];
    const isReached = () => this.published.length >= goal[0] && this.appended.length >= goal[1];
    await until(isReached, "further calls");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    await within(this.#running, "the end of the calls", 60_000);
  }
}

function slotOf(number: number): Uint8Array {
  return new TextEncoder().encode(String(number));
}

/** Checks that everything acknowledged is there, once and where it was acknowledged. */
async function assertNothingLost({ queue, state }: Stage, load: Load): Promise<void> {
  assert.deepEqual(load.failures, []);
  const stored = (await queue.list({ limit: 100_000 })).map(({ payload }) => payload as number);
  assert.equal(new Set(stored).size, stored.length, "a message is there twice");
  assert.deepEqual(load.published.filter((number) => !stored.includes(number)), []);
  const slots = (await state.bufferGetThread("t")).map((slot) => new TextDecoder().decode(slot));
  assert.equal(new Set(slots).size, slots.length, "a slot is there twice");
  for (const { number, index } of load.appended) assert.equal(slots[index], String(number));
}

failoverTest("a master that hangs is replaced, and the calls go on", async (group) => {
  await using stage = await open(group.url);
  await using load = new Load(stage);
  await load.more(50);
  const former = await group.master();
  Deno.kill(former.pid, "SIGSTOP");
  try {
    await load.more(50);
    assert.notEqual(await group.master(), former);
  } finally {
    Deno.kill(former.pid, "SIGCONT");
  }
  await group.ready();
  await load.more(20);
  await load[Symbol.asyncDispose]();
  await assertNothingLost(stage, load);
});

failoverTest(
  "nothing acknowledged is lost when the master is killed and returns",
  async (group) => {
    await using stage = await open(group.url);
    await using subscription = stage.queue.subscribe("other", "worker");
    await subscription.ready;
    await using load = new Load(stage);
    await load.more(100);
    const former = await group.master();
    await group.kill(former);
    await load.more(100);
    await group.ready();
    assert.notEqual(await group.master(), former);
    const again = group.restart(former);
    await load.more(100);
    await again;
    await load.more(20);
    await load[Symbol.asyncDispose]();
    await assertNothingLost(stage, load);
    const { id } = await stage.queue.publish({ ...task(0), channel: "other" });
    assert.equal((await nextOf(subscription)).id, id);
  },
);

failoverTest(
  "nothing that all replicas had is lost when a master in use is replaced on request",
  async (group) => {
    await using stage = await open(group.url, 2);
    await using load = new Load(stage);
    await load.more(100);
    const former = await group.master();
    assert.notEqual(await group.failover(), former);
    await group.ready();
    await load.more(50);
    await load[Symbol.asyncDispose]();
    await assertNothingLost(stage, load);
  },
);

failoverTest("a client leaves a master that was replaced before that knows", async (group) => {
  await using stage = await open(group.url, 0);
  await stage.queue.publish(task(0));
  // As in production, it takes seconds until the former master becomes a replica.
  for (const sentinel of group.sentinels) {
    await sentinel.command("SENTINEL", "DEBUG", "PUBLISH-PERIOD", "3000");
  }
  const former = await group.master();
  await group.sentinels[0].command("SENTINEL", "FAILOVER", group.name);
  await until(async () => await group.master() !== former, "another master");
  const next = await group.master();
  await until(async () => {
    const { id } = await stage.queue.publish(task(1));
    return await next.command("EXISTS", `tinyllm:msg:${id}`) === 1;
  }, "the first publish to the new master");
  const [role] = await former.command("ROLE") as string[];
  assert.equal(role, "master");
});

groupTest(
  "a sentinel that hangs, and one that is down, delay nobody for long",
  async ({ url, sentinels: [hanging, down] }) => {
    await down.kill();
    Deno.kill(hanging.pid, "SIGSTOP");
    const records = await collectLog(async () => {
      await using stage = await within(open(url), "the opening", 30_000);
      await stage.queue.publish(task(1));
      await stage.state.bufferAppend("t", slotOf(1));
    });
    const told = records.filter(({ rawMessage }) => rawMessage === "redis_unreachable");
    assert.ok(told.some(({ properties }) => properties["server"] === `127.0.0.1:${down.port}`));
  },
);

groupTest("calls go on at the known master while no sentinel can be reached", async (group) => {
  await using stage = await open(group.url);
  const master = await group.master();
  for (const sentinel of group.sentinels) await sentinel.kill();
  await master.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await within(stage.queue.publish(task(1)), "publish");
  assert.equal(await within(stage.state.bufferAppend("t", slotOf(1)), "append"), 0);
});

groupTest("errors of sentinels are those of the call, without passwords", async (group) => {
  const [, hosts, name] = /@([^/]+)\/([^?]+)/.exec(group.url)!;
  const { password, sentinelPassword } = PASSWORDS;
  const right = { redisPassword: password, redisSentinelPassword: sentinelPassword };
  const urlOf = (service: string) => `redis+sentinel://${hosts}/${service}`;
  await using queue = new RedisMessageQueue({ redisUrl: urlOf(name), ...right });
  await queue.initialize();
  const cases: [options: object, service: string, error: typeof QueueError, message: RegExp][] = [
    [{ ...right, redisSentinelPassword: "QZJ" }, name, QueueAuthenticationError, /WRONGPASS/],
    [{ ...right, redisSentinelPassword: undefined }, name, QueueAuthenticationError, /NOAUTH/],
    [{ ...right, redisPassword: "QZJ" }, name, QueueAuthenticationError, /WRONGPASS/],
    [right, "other", QueueError, /No such master with that name/],
  ];
  for (const [options, service, errorClass, message] of cases) {
    const where = { redisUrl: urlOf(service), ...options };
    await using queue = new RedisMessageQueue(where);
    const failure = within(queue.initialize(), "the rejection");
    await assert.rejects(failure, (error: Error) => {
      assert.ok(error instanceof errorClass && !(error instanceof QueueConnectionError));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /QZJ/);
      return true;
    });
    await using state = new RedisBackend(where);
    await assert.rejects(within(state.connect(), "the rejection"), (error: Error) => {
      assert.ok(error instanceof SharedBackendError);
      assert.match(error.message, message);
      return true;
    });
  }
});

failoverTest("users with the documented rights can use the queue and the state", async (group) => {
  for (const server of group.servers) {
    const rights = ["~tinyllm:*", "~{xp:}*", "&tinyllm:*", "+@all", "-@dangerous"];
    await server.command("ACL", "SETUSER", "agent", "on", ">w:/", ...rights);
  }
  for (const sentinel of group.sentinels) {
    const rights = ["&*", "+@connection", "+subscribe", "+sentinel|master"];
    const more = "+sentinel|get-master-addr-by-name";
    await sentinel.command("ACL", "SETUSER", "client", "on", ">s:/", ...rights, more);
  }
  const [, hosts] = /@([^?]+)/.exec(group.url)!;
  const url =
    `redis+sentinel://agent:w%3A%2F@${hosts}?sentinelUsername=client&sentinelPassword=s%3A%2F`;
  await using stage = await open(url);
  await group.failover();
  const { id } = await within(stage.queue.publish(task(1)), "publish");
  assert.equal(await stage.queue.exists(id), true);
  assert.equal(await within(stage.state.bufferAppend("t", slotOf(1)), "append"), 0);
});

groupTest("the doctor checks the master that sentinels name", async ({ url }) => {
  const diagnostics = await redisDiagnostics(url);
  assert.deepEqual([...new Set(diagnostics.map(({ level }) => level))], ["ok"]);
  assert.match(diagnostics[0].message, /^7\..* at redis\+sentinel:/);
});

if (hasOpenssl()) {
  waiting.add("rediss+sentinel:// uses TLS to the sentinels and to the master", async () => {
    const { ca, cert, key, clientCert, clientKey } = await makeCertificates("DNS:redis.example");
    const tls = { ca, cert, key, requireClientCertificate: true };
    await using secured = await redisSentinel({ replicas: 1, tls });
    assert.match(secured.url, /^rediss\+sentinel:/);
    const redisTls = { ca, cert: clientCert, key: clientKey, servername: "redis.example" };
    const where = { redisUrl: secured.url, redisTls };
    await using queue = new RedisMessageQueue(where);
    await queue.initialize();
    await using state = new RedisBackend(where);
    await state.connect();
    await secured.failover();
    const { id } = await queue.publish(task(1));
    assert.equal(await queue.exists(id), true);
    assert.equal(await state.bufferAppend("t", slotOf(1)), 0);
    const reachable: RedisServer = await secured.master();
    assert.match(String(await reachable.command("INFO", "keyspace")), /^db0:keys=/m);
  });
}

waiting.define("a group that sentinels watch", AT_ONCE);
