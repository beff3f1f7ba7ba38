/**
 * `ringbus bench`: measures messages on this machine.
 *
 * @module
 */

import { programCommand } from "../../backends/hosting/program_command.ts";
import { measureAll } from "../benchmark/measure.ts";
import { describeMachine } from "../benchmark/machine.ts";
import { permissionFlags, requirePermissions } from "../benchmark/permissions.ts";
import { progressBar } from "../benchmark/progress.ts";
import { chartsOf, comparisonsOf, skippedOf } from "../benchmark/results.ts";
import { type BenchmarkResults, printJson, printResults, reportOf } from "../benchmark/show.ts";
import { type Command, defineCommand, EXIT } from "../command.ts";
import { numberOf } from "../arguments/numbers.ts";

const DEFAULT_SECONDS = 25;
const MAX_SECONDS = 3600;
/** Time in which the load of the machine is sampled, before the measurements. */
const CPU_SAMPLE_MS = 500;
/** Time that a process may run longer than the measurements. */
const GRACE_SECONDS = 300;

/** Starts this program as a peer. */
function startPeer(mainUrl: string, seconds: number): Deno.ChildProcess {
  return programCommand({
    module: mainUrl,
    args: ["bench-peer", String(Math.ceil(seconds) + GRACE_SECONDS)],
    permissions: permissionFlags(),
    whenCompiled: "run itself",
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** The subcommand. */
export const command: Command = defineCommand({
  usage: "[--seconds N] [--html FILE]",
  description: `
Measures round trips, one-way messages and throughput of Ringbus between processes and between
workers, and the same for Unix sockets, TCP and postMessage.`,
  examples: [["ringbus bench --seconds 10", "measure for ten seconds"], [
    "ringbus bench --html results.html",
    "write a page with charts, too",
  ]],
  options: {
    seconds: {
      type: "string",
      value: "N",
      help: `about how long to measure; default: ${DEFAULT_SECONDS}`,
    },
    html: { type: "string", value: "FILE", help: "write a page with charts" },
    progress: { type: "boolean", isOn: true, help: "show no progress bar" },
  },
  arity: [0, 0],
  async run({ values, output, mainUrl, signal }) {
    const range = { min: 0.1, max: MAX_SECONDS, isFractional: true };
    const seconds = numberOf("seconds", values.seconds, range) ?? DEFAULT_SECONDS;
    requirePermissions();
    const progress = progressBar(values.progress ?? true);
    const machine = await describeMachine(CPU_SAMPLE_MS);
    const start = () => startPeer(mainUrl, seconds);
    const folder = await Deno.makeTempDir({ prefix: "ringbus-bench-" });
    let results: BenchmarkResults;
    try {
      const measurements = await measureAll({ seconds, start, folder, signal, progress });
      results = {
        date: new Date(),
        machine,
        charts: chartsOf(measurements),
        comparisons: comparisonsOf(measurements),
        skipped: skippedOf(measurements),
      };
    } finally {
      progress(1, "");
      await Deno.remove(folder, { recursive: true });
    }
    if (output.isJson) printJson(output, results);
    else printResults(output, results);
    if (values.html !== undefined) {
      const { writePage } = await import("../benchmark/charts/page.ts");
      await writePage(values.html, reportOf(results));
      output.notice(`pictures: ${values.html}`);
    }
    return results.charts.some(({ series }) => series.length > 0) ? EXIT.DONE : EXIT.FAILED;
  },
});
