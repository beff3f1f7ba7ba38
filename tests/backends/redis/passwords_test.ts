// No part of a password is in an error, its causes or the log.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { RedisMessageQueue } from "../../../backends/queue/redis/mod.ts";
import { getSharedBackend, RedisBackend } from "../../../backends/state/mod.ts";
import { command as doctor } from "../../../cli/commands/doctor.ts";
import { redisDiagnostics } from "../../../cli/doctor/redis.ts";
import { parseRedisUrl } from "../../../backends/redis/address.ts";
import { redisServer } from "../../../testing/mod.ts";
import { hasOpenssl, makeCertificates } from "../../support/certificates.ts";
import { collectLog } from "../../support/log_records.ts";
import { Random } from "../../support/random.ts";
import { withSeed } from "../../support/seed.ts";

const SCHEMES = ["redis", "rediss", "redis-cluster", "redis+sentinel", "rediss+sentinel"]
  .concat(["http", "REDIS", "unknown"]);
/** The parts of each password, which nothing else contains. */
const PARTS = ["QZJ", "WKV", "XPY"];
const SEPARATORS = [..."/?#@:%&=+,;[]{}()<>|\\^`\"' $!*~._-0", "%2F", "//", "://", "é"];

function assertHidden(shown: unknown, url: string, parts: readonly string[] = PARTS): void {
  const text = `${(shown as Error)?.stack} ${Deno.inspect(shown, { depth: 20 })}`;
  for (const part of parts) assert.ok(!text.includes(part), `${url}: ${text}`);
}

/** What an action throws or returns. */
async function outcomeOf(action: () => unknown): Promise<unknown> {
  try {
    return await action();
  } catch (error) {
    return error;
  }
}

Deno.test("no error about an invalid URL shows a part of its password", () => withSeed(tryUrls));

async function tryUrls(seed: number): Promise<void> {
  const random = new Random(seed);
  for (let i = 0; i < 600; i++) {
    const [one, two] = [random.pick(SEPARATORS), random.pick(SEPARATORS)];
    const password = `${PARTS[0]}${one}${PARTS[1]}${two}${PARTS[2]}`;
    const host = random.pick(["h", "h:1", "h/0", "h:port", "h:1/x", "a:1,b:2", "[::1]:1", ""]);
    const scheme = random.pick(SCHEMES);
    const url = random.pick([
      `${scheme}://u:${password}@${host}`,
      `${scheme}://:${password}@${host}`,
      `${scheme}://${host}?password=${password}`,
      `${scheme}://u@${host}?password=${password}`,
      `${scheme}://${host}?sentinelPassword=${password}`,
      `${scheme}://${host}/name?sentinelUsername=u&sentinelPassword=${password}`,
      `${scheme}://${host}?db=1&auth=${password}`,
      `${scheme}://${host}#${password}`,
      `u:${password}@${host}`,
    ]);
    const actions = [
      () => parseRedisUrl(url).redactedUrl,
      () => new RedisMessageQueue({ redisUrl: url }),
      () => new RedisMessageQueue({ redisUrl: [url] } as never),
      () => new RedisBackend({ redisUrl: url }),
      () => getSharedBackend({ backendType: "redis", redisUrl: url, other: 1 } as never),
      () => doctor.run({ values: { redis: url }, operands: [], output: {}, mainUrl: "" } as never),
    ];
    for (const action of actions.slice(0, 5)) assertHidden(await outcomeOf(action), url);
    let isValid = true;
    try {
      parseRedisUrl(url);
    } catch {
      isValid = false;
    }
    if (!isValid) assertHidden(await outcomeOf(actions[5]), url);
  }
  for (const make of [RedisMessageQueue, RedisBackend]) {
    const url = `redis://u:${PARTS[0]}@h`;
    assertHidden(await outcomeOf(() => new make(url as never)), url);
  }
}

Deno.test("no error about an option of a connection shows a part of its value", () =>
  withSeed(async (seed) => {
    const random = new Random(seed);
    for (let i = 0; i < 300; i++) {
      const secret = PARTS.join(random.pick(SEPARATORS));
      const options = optionsWith(random, secret);
      const redisUrl = random.pick(["redis", "rediss", "redis+sentinel", "rediss+sentinel"]) +
        random.pick(["://h/0", "://h/name", "://u:p@h/name", "://h/name?sentinelPassword=p"]);
      const given = { redisUrl, ...options } as never;
      const shown = `${redisUrl} ${Object.keys(options)}`;
      assertHidden(await outcomeOf(() => new RedisMessageQueue(given) && null), shown);
      assertHidden(await outcomeOf(() => new RedisBackend(given) && null), shown);
      const config = { backendType: "redis", ...options, redisUrl: "invalid" } as never;
      assertHidden(await outcomeOf(() => getSharedBackend(config)), shown);
    }
  }));

/** Options with a secret in one place, right or wrong. */
function optionsWith(random: Random, secret: string): Record<string, unknown> {
  const name = random.pick(["redisPassword", "redisUsername", "redisSentinelPassword"]
    .concat(["redisSentinelUsername", "password", "redisPasswd", "redisTls", "key"]));
  const key = `-----BEGIN PRIVATE KEY-----\n${secret}`;
  const value = name.toLowerCase().endsWith("tls")
    ? random.pick<unknown>([
      secret,
      key,
      new TextEncoder().encode(key),
      { key },
      { key: secret, cert: secret },
      { ca: secret },
      { ca: [secret] },
      { passphrase: secret },
      { servername: [secret] },
    ])
    : random.pick<unknown>([secret, [secret], { secret }, new TextEncoder().encode(secret)]);
  return { [name]: value };
}

/** A server that repeats what it was sent, as one does that does not know the command. */
async function echoServer() {
  const server = createServer((socket) => {
    socket.on("error", () => {}).on("data", (bytes) => {
      const words = String(bytes).split("\r\n").filter((_, i) => i % 2 === 0).join("' '");
      socket.write(`-ERR unknown command 'HELLO', with args beginning with: '${words}'\r\n`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.dispose]: () => void server.close() };
}

Deno.test("no error of a connection, and no log, shows a part of a password or a key", async () => {
  await using locked = await redisServer({ password: "right" });
  using echo = await echoServer();
  const password = PARTS.join("/@:");
  const encoded = encodeURIComponent(password);
  const certificates = hasOpenssl() ? await makeCertificates("IP:127.0.0.1") : undefined;
  const { clientCert: cert, clientKey: key } = certificates ?? {};
  const hidden = [...PARTS, ...(key ?? "").split("\n").slice(1, -2)];
  const cases = [locked.port, echo.port, 1].flatMap((port) => {
    const host = `127.0.0.1:${port}`;
    const sentinels = `redis+sentinel://u:${encoded}@${host}/name`;
    return [
      { redisUrl: `redis://u:${encoded}@${host}` },
      { redisUrl: `redis://${host}`, redisUsername: "u", redisPassword: password },
      { redisUrl: `${sentinels}?sentinelUsername=u&sentinelPassword=${encoded}` },
      { redisUrl: sentinels, redisSentinelPassword: password },
      { redisUrl: `rediss://u:${encoded}@${host}`, redisTls: { cert, key } },
    ];
  });
  const records = await collectLog(async () => {
    const outcomes = cases.flatMap((options) =>
      [
        async () => {
          await using queue = new RedisMessageQueue({ ...options, deadlineMs: 300 });
          await queue.initialize();
        },
        async () => {
          await using backend = new RedisBackend(options);
          await backend.connect();
        },
        () => redisDiagnostics(options.redisUrl),
      ].map(async (open) => assertHidden(await outcomeOf(open), options.redisUrl, hidden))
    );
    await Promise.all(outcomes);
  });
  assert.ok(records.length > 0);
  assertHidden(records, "the log", hidden);
});
