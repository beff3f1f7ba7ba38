/** The server for Redis clients beside redis-server, by redis-benchmark. */
import { redisServer } from "../../testing/mod.ts";
import { startServer } from "../../backends/hosting/start.ts";
import { SERVER_KIND } from "../../backends/tcp/server/launch.ts";
import { compare, type Contestant, type Measure, type Plan, type Row } from "./compare.ts";

const CLIENTS = 50;
/** Commands of one measurement without pipelining, and with it. */
const FULL = { 1: 100_000, 16: 500_000 } as const;
const QUICK = { 1: 500, 16: 1000 } as const;

type Depth = keyof typeof FULL;

const RANDOM = "__rand_int__";
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
const TARGETS: Readonly<Record<Depth, number>> = { 1: 0.7, 16: 0.5 };

const MEASURES: readonly Measure[] = ([1, 16] as const).flatMap((depth) =>
  Object.keys(COMMANDS).map((name) => ({
    name: `${name} -P ${depth}`,
    unit: "a second" as const,
    target: TARGETS[depth],
  }))
);

/** Commands a second that redis-benchmark reaches. */
async function benchmark(port: number, measure: string, counts: Record<Depth, number>) {
  const [name, , depth] = measure.split(" ");
  const count = counts[Number(depth) as Depth];
  const options = ["-c", `${CLIENTS}`, "-P", depth, "-n", `${count}`, "-r", "100000"];
  const { success, stdout, stderr } = await new Deno.Command("redis-benchmark", {
    args: ["-p", `${port}`, ...options, "--csv", ...COMMANDS[name]],
  }).output();
  const text = new TextDecoder().decode(stdout);
  const figure = Number(/^"[^"]*","([\d.]+)"/m.exec(text.split("\n").slice(1).join("\n"))?.[1]);
  if (success && figure > 0) return figure;
  throw new Error(`redis-benchmark failed: ${text}${new TextDecoder().decode(stderr)}`);
}

/** Measures all of it. Each measurement has servers of its own. */
export async function compareRedis(plan: Plan): Promise<Row[]> {
  const counts = plan.isQuick ? QUICK : FULL;
  const contestants: Contestant[] = [
    {
      name: "redis-server",
      async run(measure) {
        await using server = await redisServer();
        return await benchmark(server.port, measure, counts);
      },
    },
    {
      name: "Ringbus",
      isOurs: true,
      async run(measure) {
        const server = await startServer(SERVER_KIND, { port: 0 }, "process");
        try {
          const port = Number(server.address.split(":").at(-1));
          return await benchmark(port, measure, counts);
        } finally {
          await server.stop();
        }
      },
    },
  ];
  return await compare(`redis-benchmark, ${CLIENTS} clients`, MEASURES, contestants, plan);
}
