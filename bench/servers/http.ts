/** The HTTP server beside one of the same protocol on Python's `http.server`. */
import { startSharedMemoryServer } from "../../backends/http/mod.ts";
import { PythonServers } from "../../tests/support/python.ts";
import { withBareServer } from "./bare.ts";
import { median } from "../../cli/benchmark/stats.ts";
import { nowNs } from "../peers/clock.ts";
import { compare, type Contestant, type Measure, type Plan, type Row } from "./compare.ts";
import { HttpConnection } from "./http_connection.ts";
import { wrk } from "./wrk.ts";

const LOADS: readonly Measure[] = [
  { name: "stores", unit: "a second", target: 10 },
  { name: "gets", unit: "a second", target: 10 },
];
const PUSH: readonly Measure[] = [{ name: "push", unit: "us", target: 0.4 }];

/** What a figure costs. */
interface Cost {
  /** Seconds of load that is not measured. */
  readonly warmUp: number;
  /** Seconds of load that is. */
  readonly seconds: number;
  readonly pushes: number;
}

/** Before the pushes that are measured come this part of them, for what is compiled while it runs. */
const WARM_UP = 1 / 5;

const FULL: Cost = { warmUp: 1, seconds: 3, pushes: 500 };
const QUICK: Cost = { warmUp: 0, seconds: 1, pushes: 50 };

async function loadOf(port: number, measure: string, cost: Cost): Promise<number> {
  const url = `http://127.0.0.1:${port}`;
  if (measure === "stores") return await warmLoad(url, cost, "store_message.lua");
  using connection = new HttpConnection(port);
  await connection.request("POST", "/set", '{"key":"k","value":"some value"}');
  return await warmLoad(`${url}/get/k`, cost);
}

async function warmLoad(url: string, { warmUp, seconds }: Cost, script?: string): Promise<number> {
  if (warmUp > 0) await wrk(url, warmUp, script);
  return await wrk(url, seconds, script);
}

/** How a subscriber receives messages. */
interface Subscriber {
  /** Before each push. */
  prepare(connection: HttpConnection, push: number): Promise<void>;
  receive(connection: HttpConnection): Promise<void>;
}

const POLL: Subscriber = {
  async prepare(connection, push) {
    if (push === 0) {
      const subscription = '{"topic":"push","subscriber_id":"bench"}';
      await connection.request("POST", "/subscribe", subscription);
    }
    await connection.send("GET", "/poll?subscriber_id=bench&timeout=30");
  },
  receive: (connection) => connection.read('"messages"'),
};

const EVENTS: Subscriber = {
  async prepare(connection, push) {
    if (push > 0) return;
    await connection.send("GET", "/events?topic=push");
    await connection.readMore(": listening");
  },
  receive: (connection) => connection.readMore("data: "),
};

const MESSAGE = '{"id":9737962806006804483,"payload":{"n":1},"topics":"push"}';
const STORE = `{"namespace":"bench","topic":"push","message":${MESSAGE}}`;

/** Microseconds from before a message is stored until a subscriber that waits has it; the median. */
async function pushOf(port: number, pushes: number, by: Subscriber): Promise<number> {
  using publisher = new HttpConnection(port);
  using subscriber = new HttpConnection(port);
  const tookUs: number[] = [];
  const warmUp = Math.floor(pushes * WARM_UP);
  for (let push = 0; push < warmUp + pushes; push++) {
    await by.prepare(subscriber, push);
    // The request is to be at the server before the message is.
    await new Promise((resolve) => setTimeout(resolve, 2));
    const startNs = nowNs();
    const stored = publisher.request("POST", "/store_message", STORE);
    await by.receive(subscriber);
    tookUs.push((nowNs() - startNs) / 1000);
    await stored;
  }
  return median(tookUs.slice(warmUp));
}

/** Starts a server, empty, for each figure. */
type Serve = (work: (port: number) => Promise<number>) => Promise<number>;

/** By default `http.server` closes the connection after each response. */
const onPython = (...args: string[]): Serve => async (work) => {
  await using servers = new PythonServers("http_server.py", ...args);
  return await work(await servers.open());
};

const onRingbus: Serve = async (work) => {
  await using server = await startSharedMemoryServer({ serverMode: "process" });
  return await work(Number(new URL(server.url).port));
};

/** What no server in this runtime can do faster. */
const onBare: Serve = (work) => withBareServer("bare_http_server.ts", [], work);

/** Measures all of it. */
export async function compareHttp(plan: Plan): Promise<Row[]> {
  const cost = plan.isQuick ? QUICK : FULL;
  const load = (name: string, serve: Serve): Contestant => ({
    name,
    isOurs: serve === onRingbus,
    run: (measure) => serve((port) => loadOf(port, measure, cost)),
  });
  const push = (name: string, serve: Serve, by: Subscriber = POLL): Contestant => ({
    name,
    isOurs: serve === onRingbus,
    run: () => serve((port) => pushOf(port, cost.pushes, by)),
  });
  const [closing, kept] = [onPython("HTTP/1.0"), onPython()];
  return [
    ...await compare("HTTP, under the load of wrk", LOADS, [
      load("Python http.server", closing),
      load("Python, connections kept", kept),
      load("Ringbus", onRingbus),
      load("Deno.serve, replies known before", onBare),
    ], plan),
    ...await compare("HTTP, from a store to a waiting client", PUSH, [
      push("Python http.server", closing),
      push("Python, connections kept", kept),
      push("Ringbus", onRingbus),
      push("Ringbus, Server-Sent Events", onRingbus, EVENTS),
      push("Deno.serve, replies known before", onBare),
    ], plan),
  ];
}
