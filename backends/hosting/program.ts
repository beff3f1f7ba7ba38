/**
 * The main module of a server in a worker or in a process.
 *
 * @module
 */

import { showLog } from "../../lib/base/log_output.ts";
import { linesOf } from "../../lib/base/lines.ts";
import type { Server } from "./mode.ts";
import { type Report, reportOf } from "./report.ts";
import { graceMsOf, type StopOptions } from "./stop.ts";

/** The global object of a worker. */
interface WorkerScope {
  DedicatedWorkerGlobalScope?: unknown;
  postMessage(message: unknown): void;
  close(): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/** Milliseconds for the server to end, besides those for clients. */
const END_MS = 1000;

const scope = globalThis as unknown as WorkerScope;

/**
 * Makes a server with the options that the owner sends, starts it, and stops it when the owner requests
 * that or has ended. The last call of a server's program.
 */
export async function runServer<Options>(make: (options: Options) => Server): Promise<void> {
  if (scope.DedicatedWorkerGlobalScope !== undefined) runInWorker(make);
  else await runInProcess(make);
}

async function start<Options>(make: (options: Options) => Server, options: Options) {
  let server: Server | undefined;
  let report: Report;
  try {
    server = make(options);
    report = { address: await server.start() };
  } catch (error) {
    server = undefined;
    report = reportOf(error);
  }
  return { server, report };
}

/**
 * The first message has the options, the second one requests the end. What is logged goes to the owner,
 * whose application has configured where to.
 */
function runInWorker<Options>(make: (options: Options) => Server): void {
  scope.onmessage = async ({ data: options }) => {
    await showLog((shown) => scope.postMessage({ shown }));
    const { server, report } = await start(make, options);
    scope.onmessage = async ({ data: stopOptions }) => {
      await server?.stop(stopOptions);
      scope.postMessage(null);
      scope.close();
    };
    scope.postMessage(report);
  };
}

/**
 * The first line of the input has the options, the second one those of `stop()`. The kernel closes the
 * input when the owner ends. Then the server ends, unless it ends by itself. Warnings go to the standard
 * error stream, which is that of the owner.
 */
async function runInProcess<Options>(make: (options: Options) => Server): Promise<void> {
  // Ctrl-C signals the whole process group. The owner decides whether the server ends.
  Deno.addSignalListener("SIGINT", () => {});
  const input = linesOf(Deno.stdin.readable, { completeOnly: true });
  await showLog(({ level, text }) => console.error(`ringbus: ${level}: ${text}`));
  const first = await input.next();
  if (first.done) Deno.exit(1);
  const { server, report } = await start(make, JSON.parse(first.value));
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(report)}\n`));
  if (server?.ended) await server.ended;
  const last = server?.ended ? undefined : (await input.next()).value;
  const options: StopOptions = last ? JSON.parse(last) : {};
  setTimeout(() => Deno.exit(1), graceMsOf(options) + END_MS);
  await server?.stop(options);
  Deno.exit(0);
}
