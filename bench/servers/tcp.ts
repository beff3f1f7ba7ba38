/** The TCP server beside a Python server of the same protocol, and beside Redis. */
import { redisServer } from "../../testing/mod.ts";
import { startServer } from "../../backends/hosting/start.ts";
import { SERVER_KIND } from "../../backends/tcp/server/launch.ts";
import { PythonServers } from "../../tests/support/python.ts";
import { withBareServer } from "./bare.ts";
import { compare, type Contestant, type Measure, type Plan, type Row, runLoad } from "./compare.ts";

const MEASURES: readonly Measure[] = [
  { name: "stores", unit: "a second", target: 8 },
  { name: "gets", unit: "a second", target: 8 },
  { name: "push", unit: "us", target: 0.6 },
];

type Counts = Record<string, number>;

const SLOW: Counts = { stores: 20_000, gets: 5_000, push: 1_000 };
const BACKENDS: Counts = { stores: 50_000, gets: 25_000, push: 1_000 };
const FAST: Counts = { stores: 400_000, gets: 50_000, push: 1_000 };
const QUICK: Counts = { stores: 400, gets: 400, push: 20 };

/** Clients that cost little: with many commands in a write, and with blocking sockets. */
function load(protocol: string, port: number, measure: string, counts: Counts): Promise<number> {
  const count = `${counts[measure]}`;
  return measure === "push"
    ? runLoad("push.py", [protocol, `${port}`, count])
    : runLoad("load.ts", [protocol, `${port}`, measure, count]);
}

function byTcp(
  name: string,
  protocol: string,
  port: () => Promise<number>,
  counts: Counts,
): Contestant {
  return { name, run: async (measure) => await load(protocol, await port(), measure, counts) };
}

/** Each run has a server of its own, so that none is slow for what others have left in it. */
async function inProcess<T>(work: (port: number) => Promise<T>): Promise<T> {
  const server = await startServer(SERVER_KIND, { port: 0 }, "process");
  try {
    return await work(Number(server.address.split(":").at(-1)));
  } finally {
    await server.stop();
  }
}

function ringbus(counts: Counts): Contestant {
  return {
    name: "Ringbus",
    isOurs: true,
    run: (measure) => inProcess((port) => load("line", port, measure, counts)),
  };
}

/** Its own cost counts in: it makes and reads messages. */
function backend(counts: Counts): Contestant {
  return {
    name: "Ringbus, EmbeddedMessagingBackend",
    targets: { gets: 2 },
    run: (measure) =>
      inProcess((port) => runLoad("backend_load.ts", [`${port}`, measure, `${counts[measure]}`])),
  };
}

/** The same calls without a server. */
function memory(counts: Counts): Contestant {
  return {
    name: "Ringbus, InMemoryMessagingBackend",
    run: (measure) => runLoad("backend_load.ts", ["memory", measure, `${counts[measure]}`]),
  };
}

/** The same calls in memory that processes share. */
function sharedMemory(counts: Counts): Contestant {
  return {
    name: "Ringbus, ShmMessagingBackend",
    async run(measure) {
      const dir = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "ringbus-bench-" });
      try {
        return await runLoad("backend_load.ts", [dir, measure, `${counts[measure]}`]);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  };
}

/** What no server in this runtime can do faster. */
function bare(counts: Counts): Contestant {
  return {
    name: "Deno.listen, replies known before",
    run: (measure) =>
      withBareServer("bare_server.ts", [measure], (port) => load("line", port, measure, counts)),
  };
}

/** Measures all of it. */
export async function compareTcp(plan: Plan): Promise<Row[]> {
  await using python = new PythonServers("line_server.py");
  await using redis = await redisServer();
  const [slow, backends, fast] = plan.isQuick ? [QUICK, QUICK, QUICK] : [SLOW, BACKENDS, FAST];
  const contestants = [
    byTcp("Python asyncio", "line", () => python.open(), slow),
    ringbus(fast),
    backend(backends),
    memory(backends),
    sharedMemory(backends),
    byTcp("redis-server", "redis", () => Promise.resolve(redis.port), fast),
    bare(fast),
  ];
  return await compare("TCP, pipelined by one client", MEASURES, contestants, plan);
}
