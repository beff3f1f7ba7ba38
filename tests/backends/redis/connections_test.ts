// How the queue and the shared state connect to a Redis: logins, parameters of the URL, TLS, and servers that
// cannot be reached.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { type QueueConfig, QueueConnectionError, QueueTimeoutError } from "../../../mod.ts";
import { parseRedisUrl } from "../../../backends/redis/address.ts";
import { RedisMessageQueue } from "../../../backends/queue/redis/mod.ts";
import {
  getSharedBackend,
  RedisBackend,
  type RedisConnectionOptions,
  type RedisTlsOptions,
  resetSharedBackend,
} from "../../../backends/state/mod.ts";
import { candidatePorts } from "../../../testing/ports.ts";
import { redisServer } from "../../../testing/mod.ts";
import { task } from "../../conformance/queue/stage.ts";
import { type Certificates, hasOpenssl, makeCertificates } from "../../support/certificates.ts";
import { until, within } from "../../support/deadline.ts";
import { collectLog } from "../../support/log_records.ts";

type Where = RedisConnectionOptions & { redisUrl: string };

/** Uses a queue and a state with the same options. */
async function useBoth(where: Where): Promise<void> {
  await using queue = new RedisMessageQueue({ ...where, deadlineMs: 5000 });
  await queue.initialize();
  const { id } = await queue.publish(task(1));
  assert.equal(await queue.exists(id), true);
  await using state = new RedisBackend(where);
  await state.connect();
  await state.bufferAppend("t", Uint8Array.of(1));
  await state.bufferClear();
  await state.registryClear();
}

/** What both answer to options. */
async function rejectionsOf(where: Where): Promise<[queue: Error, state: Error]> {
  const errorOf = async (open: () => Promise<unknown>): Promise<Error> => {
    try {
      await open();
    } catch (error) {
      return error as Error;
    }
    throw new assert.AssertionError({ message: "it is not rejected" });
  };
  const queue = await errorOf(async () => {
    await using queue = new RedisMessageQueue({ ...where, deadlineMs: 4000 });
    await queue.initialize();
  });
  const state = await errorOf(async () => {
    await using state = new RedisBackend(where);
    await state.connect();
  });
  return [queue, state];
}

const LOGINS = [
  ["worker", "plain"],
  ["a:b@c/d?e#f%g", "p:/@?#%25&=+,;[]{}"],
  [`ü"'\\<>|^`, "пароль 密码 🔑 \t\r\n\\ \"'`$!*~"],
  ["+%2B", "%zz%"],
] as const;

Deno.test("user names and passwords have any characters, in the URL and as options", async () => {
  await using server = await redisServer();
  const at = `127.0.0.1:${server.port}`;
  for (const [redisUsername, redisPassword] of LOGINS) {
    const rights = ["on", `>${redisPassword}`, "~*", "&*", "+@all"];
    await server.command("ACL", "SETUSER", redisUsername, ...rights);
    await server.command("ACL", "SETUSER", "default", "off");
    try {
      const [user, password] = [redisUsername, redisPassword].map(encodeURIComponent);
      await useBoth({ redisUrl: `redis://${user}:${password}@${at}` });
      await useBoth({ redisUrl: `redis://${at}`, redisUsername, redisPassword });
      await useBoth({ redisUrl: `redis://${user}@${at}`, redisPassword });
      for (const error of await rejectionsOf({ redisUrl: `redis://${user}:x@${at}` })) {
        assert.match(error.message, /WRONGPASS.*check user, password and their rights/);
      }
    } finally {
      const url = `redis://${encodeURIComponent(redisUsername)}:${
        encodeURIComponent(redisPassword)
      }@${at}`;
      await using admin = new RedisMessageQueue({ redisUrl: url });
      await admin.initialize();
      await enableDefaultUser(url);
    }
  }
});

async function enableDefaultUser(url: string): Promise<void> {
  const { nodes: [node], login } = parseRedisUrl(url);
  const { Connection } = await import("../../../backends/redis/connection.ts");
  const connection = await Connection.open(node, login, 5000);
  await connection.send(["ACL", "SETUSER", "default", "on"]);
  connection.close();
}

Deno.test("the parameters db and clientName of the URL are used", async () => {
  await using server = await redisServer();
  const redisUrl = `${server.url}?db=7&clientName=${encodeURIComponent("farm/1:a&b")}`;
  await using queue = new RedisMessageQueue({ redisUrl });
  await queue.initialize();
  await using state = new RedisBackend({ redisUrl });
  await state.connect();
  const clients = String(await server.command("CLIENT", "LIST")).split("\n");
  const own = clients.filter((line) => line.includes(" name=farm/1:a&b ") && line.includes("db=7"));
  assert.ok(own.length >= 2, clients.join("\n"));
});

const INVALID_URLS: [url: string, message: RegExp][] = [
  [
    "redis://h?database=1",
    /its parameter "database" is unknown; the parameters are db, clientName/,
  ],
  ["redis://h?db=1&db=2", /its parameter db is there twice/],
  ["redis://h/1?db=2", /its path and its parameter db name two databases/],
  ["redis://h?db=x", /its parameter db must be the number of a database/],
  ["redis://h?db", /its parameter db must be the number of a database/],
  ["redis-cluster://h?db=1", /a cluster has only database 0/],
  ["redis://h?clientName=a%20b", /clientName must be of printable ASCII characters without spaces/],
  ["redis://h?clientName=%zz", /its parameter clientName is not valid percent-encoding/],
  ["redis://h?servername=x", /its parameter servername means nothing: it is without TLS/],
  ["rediss://h?servername=", /its parameter servername must be not empty/],
  ["redis://h?sentinelUsername=x", /sentinelUsername means nothing: it leads to no sentinels/],
  ["redis://h?tls=true", /its parameter "tls" is unknown/],
  ["redis://h?password=x", /passwords and keys are no parameters of it/],
  ["redis://h?&", /its parameter is unknown/],
  ["redis://h#x", /must look like/],
  ["redis://user@h", /there is a user name without a password; add the password/],
  ["redis+sentinel://h", /sentinels need the name of their master/],
  ["redis+sentinel://h/", /sentinels need the name of their master/],
  ["redis+sentinel://h/my master", /sentinels need the name of their master/],
  ["redis+sentinel://h/name/x", /not the number of a database/],
  ["redis+sentinel://h/name/1/2", /not the number of a database/],
  ["redis+cluster://h", /must look like .*redis-cluster:\/\/.*redis\+sentinel:\/\//],
];

for (const [redisUrl, message] of INVALID_URLS) {
  Deno.test(`the URL ${redisUrl} is invalid for the queue and for the state`, () => {
    for (const make of [RedisMessageQueue, RedisBackend]) {
      assert.throws(() => new make({ redisUrl }), { name: "TypeError", message });
    }
  });
}

const URL_OF_TLS = "rediss://u:p@h";
const KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
const WRONG_OPTIONS: [options: Record<string, unknown>, message: RegExp][] = [
  [{ redisPassword: "" }, /redisPassword must be a string that is not empty, not an empty string/],
  [{ redisPassword: 7777 }, /redisPassword must be a string that is not empty, not a number/],
  [{ redisPassword: "q" }, /cannot use redisPassword with .*: the URL has another one/],
  [{ redisUsername: "q" }, /cannot use redisUsername with .*: the URL has another one/],
  [{ redisUrl: "redis://h", redisUsername: "q" }, /there is a user name without a password/],
  [{ redisUrl: "redis://h", redisTls: {} }, /cannot use redisTls with .*: it is without TLS/],
  [{ redisTls: KEY }, /redisTls must be an object such as .*, not another string/],
  [{ redisTls: { ca: "/etc/ca.pem" } }, /redisTls\.ca must be a text in PEM form.*; read the file/],
  [{ redisTls: { ca: KEY } }, /redisTls\.ca must be a text in PEM form with .*CERTIFICATE/],
  [{ redisTls: { key: KEY } }, /redisTls\.key cannot be read: it is damaged, encrypted, or not a/],
  [
    { redisTls: { cert: KEY.replaceAll("PRIVATE KEY", "CERTIFICATE") } },
    /redisTls\.cert cannot be read/,
  ],
  [{ redisTls: { servername: "" } }, /servername must be a string that is not empty/],
  [{ redisTls: { rejectUnauthorized: false } }, /redisTls has no option "rejectUnauthorized"/],
  [
    { redisUrl: "rediss://h?servername=a", redisTls: { servername: "b" } },
    /redisTls\.servername .*: the URL has another one/,
  ],
  [{ redisSentinelPassword: "q" }, /cannot log in at the sentinels of .*: it has none/],
  [{ password: "q" }, /has no option "password".*; write redisPassword/],
  [{ username: "q" }, /has no option "username".*; write redisUsername/],
  [{ tls: {} }, /has no option "tls".*; write redisTls/],
];

for (const [index, [options, message]] of WRONG_OPTIONS.entries()) {
  Deno.test(`the options ${Object.keys(options)} of connections are checked (${index})`, async () => {
    const given = { redisUrl: URL_OF_TLS, ...options };
    for (const make of [RedisMessageQueue, RedisBackend]) {
      assert.throws(() => new make(given as Where), { name: "TypeError", message });
    }
    const config = { backendType: "redis", ...given } as never;
    await assert.rejects(getSharedBackend(config), { name: "TypeError", message });
  });
}

Deno.test("a login in the URL and as options is the same configuration of the shared backend", async () => {
  await using server = await redisServer({ password: "p@ss" });
  const redisUrl = `redis://127.0.0.1:${server.port}`;
  const config = { backendType: "redis", redisUrl, redisPassword: "p@ss" } as const;
  try {
    const backend = await getSharedBackend(config);
    assert.equal(await getSharedBackend({ backendType: "redis", redisUrl: server.url }), backend);
    await assert.rejects(getSharedBackend({ ...config, redisPassword: "QZJ" }), (error: Error) => {
      assert.match(error.message, /with another redisUrl/);
      assert.doesNotMatch(error.message, /QZJ|p@ss/);
      return true;
    });
  } finally {
    await resetSharedBackend();
  }
});

Deno.test({
  name: "TLS uses ca, cert, key and servername, for the queue and for the state",
  ignore: !hasOpenssl(),
  fn: async () => {
    const certificates = await makeCertificates("DNS:redis.example");
    const { ca, clientCert: cert, clientKey: key } = certificates;
    const tls = { ...serverTls(certificates), requireClientCertificate: true };
    await using server = await redisServer({ tls, password: "p" });
    assert.match(server.url, /^rediss:/);
    const servername = "redis.example";
    const bytes = (text: string) => new TextEncoder().encode(text);
    const own = { cert: bytes(cert), key: bytes(key) };
    await useBoth({ redisUrl: server.url, redisTls: { ca, cert, key, servername } });
    await useBoth({
      redisUrl: `${server.url}?servername=${servername}`,
      redisTls: { ca: bytes(ca), ...own },
    });
    const others = await makeCertificates("DNS:redis.example");
    const mismatches: [options: RedisTlsOptions, message: RegExp][] = [
      [{ cert }, /must have both cert and key, or neither: key is missing/],
      [{ key }, /must have both cert and key, or neither: cert is missing/],
      [{ cert, key: others.clientKey }, /redisTls\.key is not the key of redisTls\.cert/],
    ];
    for (const [redisTls, message] of mismatches) {
      for (const make of [RedisMessageQueue, RedisBackend]) {
        const given = { redisUrl: server.url, redisTls };
        assert.throws(() => new make(given), { name: "TypeError", message });
      }
    }
    const wrong: [options: RedisTlsOptions, message: RegExp][] = [
      [{ ca, ...own }, /does not match certificate/],
      [{ ca, ...own, servername: "other.example" }, /does not match certificate/],
      [{ ...own, servername }, /certificate/],
      [{ ca: others.ca, ...own, servername }, /certificate/],
      [{ ca, servername }, /CertificateRequired|closed|reset|no reply/],
      [
        { ca, cert: others.clientCert, key: others.clientKey, servername },
        /UnknownCA|DecryptError|BadCertificate|closed|reset|no reply/,
      ],
    ];
    await Promise.all(wrong.map(async ([redisTls, message]) => {
      for (const error of await rejectionsOf({ redisUrl: server.url, redisTls })) {
        assert.match(error.message, message);
      }
    }));
    assert.equal(await server.command("PING"), "PONG");
  },
});

function serverTls({ ca, cert, key }: Certificates) {
  return { ca, cert, key };
}

Deno.test("a server that cannot be reached is in the log at once, once, and when it is back", async () => {
  await using server = await redisServer();
  await using queue = new RedisMessageQueue({ redisUrl: server.url });
  await queue.initialize();
  await using state = new RedisBackend({ redisUrl: server.url });
  await state.connect();
  const records = await collectLog(async (records) => {
    const told = (name: string) =>
      records.filter(({ rawMessage }) => rawMessage === name).map(({ category }) => category[1]);
    await server.kill();
    const calls = [queue.publish(task(1)), state.bufferAppend("t", Uint8Array.of(1))];
    await until(() => told("redis_unreachable").length === 2, "both in the log");
    await server.restart();
    await within(Promise.all(calls), "the calls");
    assert.deepEqual(told("redis_unreachable").sort(), ["queue", "state"]);
    assert.deepEqual(told("redis_reachable_again").sort(), ["queue", "state"]);
  });
  const { properties, level } = records.find((each) => each.rawMessage === "redis_unreachable")!;
  assert.equal(level, "warning");
  assert.equal(properties["server"], `127.0.0.1:${server.port}`);
  assert.match(String(properties["error"]), /refused/i);
});

/** Initializes a queue, and returns its error and how long that took. */
async function initialize(queue: RedisMessageQueue, timeoutMs: number): Promise<[Error, number]> {
  const beganMs = performance.now();
  let error: unknown;
  await queue.initialize({ timeoutMs }).catch((reason) => error = reason);
  assert.ok(error instanceof Error, "it is not rejected");
  return [error, performance.now() - beganMs];
}

Deno.test("initialize({ timeoutMs }) waits as long for a server, and says why it ended", async () => {
  const port = candidatePorts().next().value!;
  const ends = ["", "-cluster", "+sentinel"];
  await Promise.all(ends.map(async (end) => {
    const path = end === "+sentinel" ? "/main" : "";
    const redisUrl = `redis${end}://u:QZJ@127.0.0.1:${port}${path}`;
    await using queue = new RedisMessageQueue({ redisUrl });
    const [error, tookMs] = await initialize(queue, 2000);
    assert.ok(error instanceof QueueConnectionError, String(error));
    assert.match(
      error.message,
      /^cannot initialize on redis.* within 2000 ms: .*refused.*; check/i,
    );
    assert.doesNotMatch(error.message, /QZJ/);
    assert.ok(tookMs > 1900 && tookMs < 10_000, `${tookMs} ms`);
  }));
});

/** Neither an attempt nor a call ends before the time that `initialize` has. */
const PATIENT: QueueConfig = { commandTimeoutMs: 60_000, deadlineMs: 120_000 };

Deno.test("initialize({ timeoutMs }) ends while the address does not even refuse connections", async () => {
  await using server = await redisServer({ config: { "tcp-backlog": 1 } });
  await using queue = new RedisMessageQueue({ redisUrl: server.url, ...PATIENT });
  Deno.kill(server.pid, "SIGSTOP");
  await using waiting = new AsyncDisposableStack();
  // The kernel drops further ones.
  for (let i = 0; i < 4; i++) {
    const socket = connect({ host: server.host, port: server.port });
    socket.on("error", () => {});
    waiting.adopt(socket, (each) => void each.destroy());
  }
  const [error, tookMs] = await initialize(queue, 300);
  assert.match(error.message, /within 300 ms: there was no reply; /);
  assert.ok(tookMs < 30_000, `${tookMs} ms`);
});

Deno.test("initialize({ timeoutMs }) ends for a silent server, and succeeds when it is called again", async () => {
  await using server = await redisServer();
  await using queue = new RedisMessageQueue({ redisUrl: server.url, ...PATIENT });
  Deno.kill(server.pid, "SIGSTOP");
  try {
    const [error, tookMs] = await initialize(queue, 300);
    assert.ok(error instanceof QueueTimeoutError, String(error));
    assert.match(error.message, /^cannot initialize on .* within 300 ms: there was no reply; /);
    assert.ok(tookMs < 30_000, `${tookMs} ms`);
  } finally {
    Deno.kill(server.pid, "SIGCONT");
  }
  await queue.initialize({ timeoutMs: 30_000 });
  await queue.publish(task(1));
  await assert.rejects(
    async () => await new RedisMessageQueue().initialize({ timeoutMs: 0 }),
    /timeoutMs must be a finite number of milliseconds, more than 0, not 0/,
  );
});
