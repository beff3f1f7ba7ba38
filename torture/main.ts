/**
 * `deno task torture`: see `--help`.
 *
 * @module
 */

import { parseOptions, USAGE } from "./options.ts";
import { summarize, table } from "./report.ts";
import { type Progress, run, SessionFailure } from "./run.ts";

const stop = new AbortController();

function sayProgress({ pattern, session, result }: Progress): void {
  const { kills, stops, messages, capacityBytes, afterKillsMs } = result;
  const slowest = Math.max(0, ...afterKillsMs).toFixed(1);
  console.error(
    `${pattern.padEnd(8)} session ${session}  ring ${capacityBytes} B  ${kills} kills  ` +
      `${stops} stops  ${messages} messages  slowest recovery ${slowest} ms`,
  );
}

async function main(): Promise<number> {
  const options = parseOptions(Deno.args);
  if (options.isHelp) {
    console.log(USAGE);
    return 0;
  }
  console.error(`seed ${options.seed}`);
  const parent = Deno.build.os === "linux" ? "/dev/shm" : undefined;
  const dir = Deno.makeTempDirSync({ dir: parent, prefix: "ringbus-torture-" });
  try {
    const totals = await run({ ...options, dir, signal: stop.signal }, sayProgress);
    const summaries = totals.map(summarize);
    const { seed } = options;
    console.log(options.isJson ? JSON.stringify({ seed, summaries }, null, 2) : table(summaries));
    return 0;
  } catch (error) {
    if (!(error instanceof SessionFailure)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

const stopBy = (signal: string) => () => stop.abort(new Error(`stopped by ${signal}`));
Deno.addSignalListener("SIGINT", stopBy("SIGINT"));
Deno.addSignalListener("SIGTERM", stopBy("SIGTERM"));

try {
  Deno.exit(await main());
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(2);
}
