/** The server for Redis clients beside redis-server, by redis-benchmark. */
import { redisServer } from "../../testing/mod.ts";
import { startServer } from "../../backends/hosting/start.ts";
import { SERVER_KIND } from "../../backends/tcp/server/launch.ts";
import { compare, type Contestant, type Measure, type Plan, type Row, runLoad } from "./compare.ts";
import { cpuTimeOf } from "./cpu_time.ts";
import { redisCli } from "./redis_cli.ts";

const CLIENTS = 50;
/** Commands of one measurement without pipelining, and with it. */
const FULL = { 1: 100_000, 16: 500_000 } as const;
/** So many that redis-benchmark, which counts milliseconds, finds some. */
const QUICK = { 1: 2000, 16: 10_000 } as const;
/**
 * Before a measurement a server executes this part of its commands: a program in JavaScript is compiled while
 * it runs, and a table of keys grows.
 */
const WARM_UP = 1 / 5;
/** So many times fewer commands have a large value. */
const LARGE_PART = 10;

type Depth = keyof typeof FULL;
type Counts = Readonly<Record<Depth, number>>;

const RANDOM = "__rand_int__";
const MIXED = "mixed";
const LARGE = "x".repeat(100_000);
/** The words of each command; `__rand_int__` is another number each time. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  SET: ["SET", `key:${RANDOM}`, "xxx"],
  GET: ["GET", `key:${RANDOM}`],
  INCR: ["INCR", `counter:${RANDOM}`],
  LPUSH: ["LPUSH", "list", "xxx"],
  HSET: ["HSET", "hash", `field:${RANDOM}`, "xxx"],
  ZADD: ["ZADD", "zset", RANDOM, `member:${RANDOM}`],
  XADD: ["XADD", "stream", "*", "field", "xxx"],
  PUBLISH: ["PUBLISH", "channel", "xxx"],
};
/** The same with values of 100 kB. */
const LARGE_COMMANDS: Readonly<Record<string, readonly string[]>> = {
  "SET-100kB": ["SET", "large", LARGE],
  "GET-100kB": ["GET", "large"],
};
const TARGETS: Readonly<Record<Depth, number>> = { 1: 0.7, 16: 0.5 };

const MEASURES: readonly Measure[] = [
  ...([1, 16] as const).flatMap((depth) =>
    [...Object.keys(COMMANDS), MIXED].map((name) => ({
      name: `${name} -P ${depth}`,
      unit: "a second" as const,
      target: TARGETS[depth],
    }))
  ),
  ...Object.keys(LARGE_COMMANDS).map((name) => ({
    name: `${name} -P 1`,
    unit: "a second" as const,
  })),
];

/** Runs redis-benchmark; its commands a second. */
async function redisBenchmark(
  port: number,
  depth: string,
  count: number,
  words: readonly string[],
) {
  const options = ["-c", `${CLIENTS}`, "-P", depth, "-n", `${count}`, "-r", "100000"];
  const { success, stdout, stderr } = await new Deno.Command("redis-benchmark", {
    args: ["-p", `${port}`, ...options, "--csv", ...words],
  }).output();
  const text = new TextDecoder().decode(stdout);
  const figure = Number(/^"[^"]*","([\d.]+)"/m.exec(text.split("\n").slice(1).join("\n"))?.[1]);
  if (success && figure > 0) return figure;
  throw new Error(`redis-benchmark failed: ${text.slice(-500)}${new TextDecoder().decode(stderr)}`);
}

/** Commands a second, and microseconds of CPU time that the server takes for one. */
async function benchmark(port: number, measure: string, counts: Counts) {
  const [name, , depth] = measure.split(" ");
  const isLarge = name in LARGE_COMMANDS;
  const count = counts[Number(depth) as Depth] / (isLarge ? LARGE_PART : 1);
  if (isLarge) await redisCli(port, LARGE_COMMANDS["SET-100kB"]);
  const run = (commands: number) =>
    name === MIXED
      ? runLoad("redis_load.ts", [port, CLIENTS, depth, commands].map(String))
      : redisBenchmark(port, depth, commands, COMMANDS[name] ?? LARGE_COMMANDS[name]);
  if (counts === FULL) await run(count * WARM_UP);
  const { result, cpuUs } = await cpuTimeOf(port, () => run(count));
  return { rate: result, cpuUs: cpuUs && cpuUs / count };
}

/** Calls something with the port of a server. */
type WithServer = <T>(use: (port: number) => Promise<T>) => Promise<T>;

/** A server; its CPU times go to a table of their own. */
class Server implements Contestant {
  /** Microseconds for a command by measure, one a run. */
  readonly cpuUs = new Map<string, number[]>();

  constructor(
    readonly name: string,
    readonly isOurs: boolean,
    readonly counts: Counts,
    readonly withServer: WithServer,
  ) {}

  run(measure: string): Promise<number> {
    return this.withServer(async (port) => {
      const { rate, cpuUs } = await benchmark(port, measure, this.counts);
      // Too few commands take no tick of the kernel's clock.
      if (cpuUs) this.cpuUs.set(measure, [...this.cpuUs.get(measure) ?? [], cpuUs]);
      return rate;
    });
  }
}

function cpuRows(table: string, servers: readonly Server[]): Row[] {
  return MEASURES.flatMap(({ name }) => {
    const [first, ...others] = servers.map(({ cpuUs }) => cpuUs.get(name) ?? []);
    if (first.length === 0 || others.some(({ length }) => length !== first.length)) return [];
    return servers.map(({ name: server, isOurs }, i): Row => {
      const figures = i === 0 ? first : others[i - 1];
      const ratios = figures.map((figure, run) => figure / first[run]);
      return { table, measure: { name, unit: "us" }, name: server, isOurs, figures, ratios };
    });
  });
}

const withRedis: WithServer = async (use) => {
  await using server = await redisServer();
  return await use(server.port);
};

const withRingbus: WithServer = async (use) => {
  const server = await startServer(SERVER_KIND, { port: 0 }, "process");
  try {
    return await use(Number(server.address.split(":").at(-1)));
  } finally {
    await server.stop();
  }
};

/** Measures all of it. Each measurement has servers of its own, except in a quick run. */
export function compareRedis(plan: Plan): Promise<Row[]> {
  if (!plan.isQuick) return compareOn(withRedis, withRingbus, plan);
  return withRedis((redis) =>
    withRingbus((ringbus) => compareOn((use) => use(redis), (use) => use(ringbus), plan))
  );
}

async function compareOn(redis: WithServer, ringbus: WithServer, plan: Plan): Promise<Row[]> {
  const counts = plan.isQuick ? QUICK : FULL;
  const servers = [
    new Server("redis-server", false, counts, redis),
    new Server("Ringbus", true, counts, ringbus),
  ];
  const table = `redis-benchmark, ${CLIENTS} clients`;
  const rows = await compare(table, MEASURES, servers, plan);
  return [...rows, ...cpuRows(`${table}, CPU time of the server for a command`, servers)];
}
