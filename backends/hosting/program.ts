/**
 * The main module of a server in a worker or in a process.
 *
 * @module
 */

import type { Server } from "./mode.ts";
import { type Report, reportOf } from "./report.ts";

/** The global object of a worker. */
interface WorkerScope {
  DedicatedWorkerGlobalScope?: unknown;
  postMessage(message: unknown): void;
  close(): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/** Milliseconds for the server to stop. */
const STOP_MS = 3000;

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

/** The first message has the options, the second one requests the end. */
function runInWorker<Options>(make: (options: Options) => Server): void {
  scope.onmessage = async ({ data: options }) => {
    const { server, report } = await start(make, options);
    scope.onmessage = async () => {
      await server?.stop();
      scope.postMessage(null);
      scope.close();
    };
    scope.postMessage(report);
  };
}

/**
 * The first line of the input has the options. The kernel closes the input when the owner ends. Then the
 * server ends, unless it ends by itself.
 */
async function runInProcess<Options>(make: (options: Options) => Server): Promise<void> {
  // Ctrl-C signals the whole process group. The owner decides whether the server ends.
  Deno.addSignalListener("SIGINT", () => {});
  const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await input.read();
    if (done) Deno.exit(1);
    text += value;
  }
  const { server, report } = await start(make, JSON.parse(text));
  await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(report) + "\n"));
  if (server?.ended) await server.ended;
  else while (!(await input.read()).done);
  setTimeout(() => Deno.exit(1), STOP_MS);
  await server?.stop();
  Deno.exit(0);
}
