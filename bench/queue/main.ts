/**
 * Compares `RedisMessageQueue` with bare Redis streams and with BullMQ, on one server and on a
 * cluster, and the queues of one machine with each other. Run it with `deno task bench:queue`; `--help` describes
 * its options.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type RedisCluster, redisCluster, redisServer } from "../../testing/mod.ts";
import { rate, times } from "../../cli/benchmark/charts/format.ts";
import { describeMachine, warningOf } from "../../cli/benchmark/machine.ts";
import {
  htmlOption,
  JSON_OUTPUT,
  QUICK as QUICK_OPTION,
  runBenchmark,
} from "../harness/command_line.ts";
import { pagePath, writeChartPage } from "../harness/page.ts";
import { median } from "../../cli/benchmark/stats.ts";
import { failureOf } from "../harness/toolchain.ts";
import { chartsOf } from "./charts.ts";
import { type MeasuredPeer, type ServerCost, serverCosts } from "./server_cost.ts";
import type { Rates } from "./workload.ts";

const BULLMQ = "bullmq@6.7.0";
const IOREDIS = "ioredis@5.11.1";
const PARTITIONS = 3;
const MANY_PARTITIONS = 12;

/** What a run costs. */
interface Plan {
  readonly isQuick: boolean;
  readonly runs: number;
  readonly messages: number;
  readonly inFlight: number;
  /** Messages that wait while the memory is measured, and that are delivered while commands are counted. */
  readonly cost: { readonly waiting: number; readonly delivered: number };
}

const FULL: Plan = {
  isQuick: false,
  runs: 5,
  messages: 10_000,
  inFlight: 16,
  cost: { waiting: 5000, delivered: 200 },
};
const QUICK: Plan = {
  isQuick: true,
  runs: 1,
  messages: 200,
  inFlight: 16,
  cost: { waiting: 200, delivered: 20 },
};

/** A queue of the comparison; the first of a table is what the others are compared with. */
interface Contestant {
  readonly name: string;
  run(plan: Plan): Promise<Rates>;
}

/** All runs of one contestant of a table. */
export interface Row {
  readonly table: string;
  readonly name: string;
  readonly rates: Rates[];
  readonly baseline: Rates[];
}

const here = (file: string) => new URL(file, import.meta.url).pathname;

/** Runs a peer in a process of its own. */
async function runProcess(args: string[], plan: Plan): Promise<Rates> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", ...args, String(plan.messages), String(plan.inFlight)],
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${args.join(" ")} failed: ${decoder.decode(stderr).slice(-2000)}`);
  return JSON.parse(decoder.decode(stdout));
}

function streams(url: string): Contestant {
  return { name: "bare streams", run: (plan) => runProcess([here("streams.ts"), url], plan) };
}

function ringbus(name: string, url: string, partitions = 1, minReplicas = 0): Contestant {
  const args = [here("ringbus.ts"), url, String(partitions), String(minReplicas)];
  return { name, run: (plan) => runProcess(args, plan) };
}

/** Queues of one machine. */
async function withoutServer(plan: Plan): Promise<Row[]> {
  const local = (name: string, kind: string): Contestant => ({
    name,
    run: (plan) => runProcess([here("local.ts"), kind], plan),
  });
  const contestants = [
    local("Ringbus in memory", "memory"),
    local("Ringbus in shared memory", "shm"),
    local("Ringbus on disk, fsync everySecond", "everySecond"),
    local("Ringbus on disk, fsync always", "always"),
  ];
  return await compare("without a server", contestants, plan);
}

/** Kept between runs: the package is the same, and installing it takes seconds. */
async function installBullmq(mayInstall: boolean): Promise<string | undefined> {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/tmp", ".cache");
  const folder = join(cache, "ringbus-bench", BULLMQ);
  if (!existsSync(join(folder, "node_modules", "ioredis"))) {
    if (!mayInstall) return undefined;
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "package.json"), `{"private":true}`);
    const args = ["install", "--no-audit", "--no-fund", "--omit=optional", "--prefix", folder];
    const failure = await failureOf("npm", [...args, BULLMQ, IOREDIS]);
    if (failure) {
      console.error(`BullMQ is skipped: ${failure}`);
      return undefined;
    }
  }
  return folder;
}

async function bullmq(
  port: number,
  mayInstall: boolean,
): Promise<(Contestant & MeasuredPeer)[]> {
  const folder = await installBullmq(mayInstall);
  if (folder === undefined) return [];
  const args = [here("bullmq.mjs"), folder, String(port)];
  return [{ name: "BullMQ", args, run: (plan) => runProcess(args, plan) }];
}

/** The memory and the commands of messages on one server. */
async function costsOnServer(plan: Plan): Promise<ServerCost[]> {
  await using server = await redisServer();
  const own = { name: "Ringbus", args: [here("ringbus.ts"), server.url, "1", "0"] };
  return await serverCosts(server, [own, ...await bullmq(server.port, !plan.isQuick)], plan.cost);
}

function printCosts(costs: readonly ServerCost[]): void {
  const [base] = costs.slice(-1);
  console.log(`\ncosts on one server; in brackets against ${base.name}`);
  for (const { name, bytes, commands } of costs) {
    const memory = `${Math.round(bytes)} bytes (${times(bytes / base.bytes)}) a waiting message`;
    const calls = `${commands.toFixed(1)} commands (${times(commands / base.commands)}) a message`;
    console.log(`  ${name.padEnd(32)}${memory}, ${calls} with 50 idle consumers`);
  }
}

/** All contestants by turns, so that what slows the machine down slows all of them. */
async function compare(table: string, contestants: Contestant[], plan: Plan): Promise<Row[]> {
  const rates = contestants.map((): Rates[] => []);
  for (let run = 0; run < plan.runs; run++) {
    for (const [i, contestant] of contestants.entries()) rates[i].push(await contestant.run(plan));
  }
  return contestants.map(({ name }, i) => ({ table, name, rates: rates[i], baseline: rates[0] }));
}

/** Commands of each master while something runs. */
async function sharesOf(cluster: RedisCluster, action: () => Promise<unknown>): Promise<number[]> {
  const masters = await cluster.masters();
  for (const master of masters) await master.command("CONFIG", "RESETSTAT");
  await action();
  const calls = await Promise.all(masters.map(async (master) => {
    const stats = String(await master.command("INFO", "commandstats"));
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }));
  const sum = calls.reduce((a, b) => a + b);
  return calls.map((count) => count / sum);
}

function cell(row: Row, of: (rates: Rates) => number | undefined): string {
  const own = row.rates.flatMap((rates) => of(rates) ?? []);
  if (own.length === 0) return "";
  const base = row.baseline.map(of);
  const ratios = own.flatMap((value, i) => base[i] === undefined ? [] : [value / base[i]]);
  const ratio = ratios.length === 0 ? "" : ` (${times(median(ratios))})`;
  return `${rate(median(own))}${ratio}`;
}

function print(rows: Row[], shares: Record<string, number[]>): void {
  for (const [table, ofTable] of Map.groupBy(rows, (row) => row.table)) {
    console.log(`\n${table}; in brackets against ${ofTable[0].name}, run by run`);
    for (const row of ofTable) {
      const cells = [
        cell(row, ({ flow }) => flow),
        cell(row, ({ trips }) => trips),
        cell(row, ({ reads }) => reads),
      ];
      console.log(`  ${row.name.padEnd(32)}${cells.map((text) => text.padEnd(20)).join("")}`);
    }
  }
  console.log("");
  for (const [partitions, ofMasters] of Object.entries(shares)) {
    const percent = ofMasters.map((share) => `${Math.round(100 * share)}%`).join(", ");
    console.log(`scripts of each master with ${partitions} partitions: ${percent}`);
  }
}

async function onServer(plan: Plan): Promise<Row[]> {
  await using server = await redisServer();
  const contestants = [
    streams(server.url),
    ringbus("Ringbus", server.url),
    ...await bullmq(server.port, !plan.isQuick),
  ];
  return await compare("one server", contestants, plan);
}

async function onCluster(
  plan: Plan,
): Promise<{ rows: Row[]; shares: Record<string, number[]> }> {
  await using cluster = await redisCluster();
  const { url } = cluster;
  const contestants = [
    streams(url),
    ringbus("Ringbus", url),
    ringbus(`Ringbus, ${PARTITIONS} partitions`, url, PARTITIONS),
    ringbus("Ringbus, 1 replica confirms", url, 1, 1),
  ];
  const compared = plan.isQuick ? contestants.slice(0, 2) : contestants;
  const rows = await compare("a cluster of 6 nodes", compared, plan);
  const shares: Record<string, number[]> = {};
  for (const partitions of [PARTITIONS, MANY_PARTITIONS]) {
    const spread = ringbus("", url, partitions);
    shares[partitions] = await sharesOf(cluster, () => spread.run(plan));
  }
  return { rows, shares };
}

if (import.meta.main) {
  await runBenchmark({
    task: "bench:queue",
    description: "Measures the message queue, bare Redis streams, and BullMQ.",
    options: { quick: QUICK_OPTION, json: JSON_OUTPUT, html: htmlOption("bench:queue") },
    async run(values) {
      const plan = values.quick ? QUICK : FULL;
      const machine = await describeMachine();
      const local = await withoutServer(plan);
      const single = await onServer(plan);
      const { rows, shares } = await onCluster(plan);
      const costs = await costsOnServer(plan);
      const all = [...local, ...single, ...rows];
      if (values.json) {
        console.log(JSON.stringify({ machine, plan, rows: all, shares, costs }, null, 2));
      } else {
        console.log(`${machine.cpu}, ${machine.cores} cores, Deno ${machine.deno}`);
        console.log(warningOf(machine) ?? "");
        console.log(
          `published, delivered and acknowledged a second: ${plan.inFlight} at a time, one by one;`,
        );
        console.log("and reads of 100 waiting messages a second");
        print(all, shares);
        printCosts(costs);
      }
      await writeChartPage(pagePath("bench-queue", values), {
        title: "Message queues",
        summary:
          "Each queue in a process of its own, by turns: without a server, on one server and on a " +
          "cluster. Ratios are against the first of each group, run by run.",
        machine,
        charts: chartsOf(all),
      });
    },
  });
}
