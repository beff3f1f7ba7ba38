/**
 * The side of a server that runs in a worker or in a process of its own.
 *
 * @module
 */

import type { Server } from "./mode.ts";
import { type Report, reportOf } from "./report.ts";

/** What the global object of a worker offers. */
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
 * Makes a server with the options that its owner sends, starts it, and stops it when the owner says so or
 * is gone. The last thing that a server's program calls.
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

/** The first message has the options, the second asks for the end. */
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
 * The first line of the input has the options. The kernel ends the input when the owner is gone, however
 * that came: then it is time to go as well, unless the server has its own end.
 */
async function runInProcess<Options>(make: (options: Options) => Server): Promise<void> {
  // Ctrl-C goes to the whole group of processes, and it is for the owner to say what comes of it.
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
