/**
 * `ringbus serve` in a process of its own, and what the kernel says of it.
 *
 * @module
 */

import { SharedMemoryMessagingBackend } from "../../../backends/http/mod.ts";
import { EmbeddedMessagingBackend } from "../../../backends/tcp/mod.ts";
import { ROOT, Running } from "../../support/program.ts";
import { SERVE, type ServerAddresses, untilServing } from "../../support/serve.ts";

/** How long each wait for the server may take: the machine is busy. */
const DEADLINE_MS = 120_000;

/** A running server. */
export interface ServedProcess extends AsyncDisposable, ServerAddresses {
  readonly httpPort: number;
  /** Resident memory, in bytes. */
  rssBytes(): number;
  /** Open file descriptors. */
  descriptors(): number;
  /** Clients that wish it well. */
  httpBackend(): SharedMemoryMessagingBackend;
  tcpBackend(): EmbeddedMessagingBackend;
  /** Stops it by SIGTERM. Throws if it has ended before, or does not end well. */
  stop(): Promise<void>;
}

/** Starts a server; `shell` is what a shell does before. */
export async function serve(options: string[] = [], shell = "true"): Promise<ServedProcess> {
  const command = `${shell} && exec "$0" run --quiet --no-prompt -A main.ts "$@"`;
  const program = new Running("ringbus serve", "sh", [
    "-c",
    command,
    Deno.execPath(),
    ...SERVE,
    ...options,
  ], { cwd: ROOT, deadlineMs: DEADLINE_MS });
  try {
    return servedBy(program, await untilServing(program));
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

function servedBy(program: Running, addresses: ServerAddresses): ServedProcess {
  const { httpUrl, tcpPort } = addresses;
  return {
    ...addresses,
    httpPort: Number(new URL(httpUrl).port),
    rssBytes: () => rssBytes(program.pid),
    descriptors: () => [...Deno.readDirSync(`/proc/${program.pid}/fd`)].length,
    httpBackend: () => new SharedMemoryMessagingBackend({ serverUrl: httpUrl }),
    tcpBackend: () => new EmbeddedMessagingBackend({ port: tcpPort, autoStartServer: false }),
    async stop() {
      program.kill("SIGTERM");
      await program.lines();
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

function rssBytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))!;
  return Number(kilobytes) * 1024;
}
