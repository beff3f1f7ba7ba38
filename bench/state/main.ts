/**
 * Measures append and get of every shared-state backend, and the Redis backend's append against a bare
 * script on the same server. Run it with `deno task bench:state`; `--help` describes its options.
 */
import { createClient } from "@redis/client";
import {
  InMemoryBackend,
  ManagerBackend,
  RedisBackend,
  type SharedBackend,
  ShmBackend,
} from "../../backends/state/mod.ts";
import { candidatePorts } from "../../testing/ports.ts";
import { redisServer } from "../../testing/mod.ts";
import { EXIT } from "../../cli/command.ts";
import { rate, times } from "../../cli/benchmark/charts/format.ts";
import type { Chart } from "../../cli/benchmark/charts/report.ts";
import { describeMachine, warningOf } from "../../cli/benchmark/machine.ts";
import {
  CHECK,
  htmlOption,
  JSON_OUTPUT,
  QUICK as QUICK_OPTION,
  runBenchmark,
} from "../harness/command_line.ts";
import { pagePath, seriesOf, writeChartPage } from "../harness/page.ts";
import { median } from "../../cli/benchmark/stats.ts";

const SLOT = new Uint8Array(256).fill(7);
const IN_FLIGHT = 64;
const TARGET = 0.7;
const BARE = "bare EVALSHA on Redis";
const REDIS = "redis";
/** What a script must do to be one; the slot goes to the server all the same. */
const BARE_SCRIPT = "return 0";

/** What a run costs. */
interface Plan {
  readonly runs: number;
  readonly calls: number;
}

const FULL: Plan = { runs: 7, calls: 3000 };
const QUICK: Plan = { runs: 1, calls: 100 };

/** One call that is measured. */
type Call = (i: number) => Promise<unknown>;

interface Contestant {
  readonly name: string;
  readonly append: Call;
  readonly get?: Call;
}

/** Calls a second. */
interface Rates {
  readonly append: number;
  readonly appendMany: number;
  readonly get?: number | undefined;
}

const MEASURES: readonly (readonly [keyof Rates, string])[] = [
  ["append", "append, one by one"],
  ["appendMany", `append, ${IN_FLIGHT} at a time`],
  ["get", "get, one by one"],
];

interface Row {
  readonly name: string;
  readonly rates: Rates[];
}

function ofBackend(name: string, backend: SharedBackend): Contestant {
  return {
    name,
    append: () => backend.bufferAppend("bench", SLOT),
    get: (i) => backend.bufferGetSlot("bench", i),
  };
}

async function rateOf(count: number, inFlight: number, call: Call): Promise<number> {
  let next = 0;
  const lane = async () => {
    while (next < count) await call(next++);
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  return count / ((performance.now() - startMs) / 1000);
}

async function measure({ append, get }: Contestant, { calls }: Plan): Promise<Rates> {
  await rateOf(Math.ceil(calls / 10), 1, append);
  return {
    append: await rateOf(calls, 1, append),
    appendMany: await rateOf(calls, IN_FLIGHT, append),
    ...get && { get: await rateOf(calls, 1, get) },
  };
}

/** All contestants by turns, so that what slows the machine down slows all of them. */
async function compare(contestants: readonly Contestant[], plan: Plan): Promise<Row[]> {
  const rows = contestants.map(({ name }): Row => ({ name, rates: [] }));
  for (let run = 0; run < plan.runs; run++) {
    for (const [i, contestant] of contestants.entries()) {
      rows[i].rates.push(await measure(contestant, plan));
    }
  }
  return rows;
}

async function bareScript(url: string, stack: AsyncDisposableStack): Promise<Contestant> {
  const client = createClient({ url });
  await client.connect();
  stack.defer(() => client.destroy());
  const digest = await client.scriptLoad(BARE_SCRIPT);
  const slot = String.fromCharCode(...SLOT);
  const options = { keys: ["bench"], arguments: [slot] };
  return { name: BARE, append: () => client.evalSha(digest, options) };
}

async function run(plan: Plan): Promise<Row[]> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await redisServer());
  const limits = { maxSlotsPerThread: 10_000_000 };
  const dir = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "ringbus-bench-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const manager = new ManagerBackend({
    ...limits,
    managerAddress: ["127.0.0.1", candidatePorts().next().value],
    managerAuthkey: crypto.getRandomValues(new Uint8Array(32)),
  });
  return await compare([
    ofBackend("memory", stack.use(new InMemoryBackend(limits))),
    ofBackend("shm", stack.use(new ShmBackend({ ...limits, dir }))),
    ofBackend("manager", stack.use(manager)),
    ofBackend(REDIS, stack.use(new RedisBackend({ ...limits, redisUrl: server.url }))),
    await bareScript(server.url, stack),
  ], plan);
}

/** The Redis backend's appends over the bare script's, run by run. */
function ratioOf(rows: readonly Row[], key: "append" | "appendMany"): number {
  const [own, bare] = [REDIS, BARE].map((name) => rows.find((row) => row.name === name)!.rates);
  return median(own.map((rates, i) => rates[key] / bare[i][key]));
}

function chartsOf(rows: readonly Row[]): Chart[] {
  return MEASURES.map(([key, title]): Chart => {
    const valuesOf = (row: Row) => row.rates.flatMap((rates) => rates[key] ?? []);
    const reference = rows.find(({ name }) => name === BARE)!;
    return {
      title,
      explanation: "Calls a second of one process.",
      unit: "calls/s",
      reference: BARE,
      series: rows.flatMap((row) =>
        seriesOf(row.name, row.name !== BARE, valuesOf(row), valuesOf(reference))
      ),
      absent: [],
    };
  });
}

function cell(row: Row, key: keyof Rates): string {
  const values = row.rates.flatMap((rates) => rates[key] ?? []);
  return (values.length === 0 ? "" : rate(median(values))).padEnd(22);
}

if (import.meta.main) {
  await runBenchmark({
    task: "bench:state",
    description: "Measures the backends of shared state, and a bare Redis script.",
    options: {
      quick: QUICK_OPTION,
      json: JSON_OUTPUT,
      check: CHECK,
      html: htmlOption("bench:state"),
    },
    async run(values) {
      const machine = await describeMachine();
      const rows = await run(values.quick ? QUICK : FULL);
      const ratios = {
        oneByOne: ratioOf(rows, "append"),
        many: ratioOf(rows, "appendMany"),
      };
      const isMet = ratios.oneByOne >= TARGET;
      if (values.json) console.log(JSON.stringify({ machine, rows, ratios }, null, 2));
      else {
        console.log(`${machine.cpu}, ${machine.cores} cores, Deno ${machine.deno}`);
        console.log(warningOf(machine) ?? "");
        console.log(`slots of ${SLOT.length} bytes; calls a second, medians\n`);
        const heads = MEASURES.map(([, title]) => title);
        console.log(`${"".padEnd(24)}${heads.map((head) => head.padEnd(22)).join("")}`);
        for (const row of rows) {
          const cells = MEASURES.map(([key]) => cell(row, key));
          console.log(`${row.name.padEnd(24)}${cells.join("")}`);
        }
        const verdict = isMet ? "met" : "missed";
        console.log(
          `\nRedis append over a bare EVALSHA, one by one: at least ${TARGET}x  |  ` +
            `${times(ratios.oneByOne)} (${
              times(ratios.many)
            } with ${IN_FLIGHT} at a time)  |  ${verdict}`,
        );
      }
      await writeChartPage(pagePath("bench-state", values), {
        title: "Backends of shared state",
        summary:
          `Slots of ${SLOT.length} bytes, by turns. Ratios are against a script on Redis that ` +
          "does nothing, run by run.",
        machine,
        charts: chartsOf(rows),
      });
      return values.check && !isMet ? EXIT.FAILED : EXIT.DONE;
    },
  });
}
