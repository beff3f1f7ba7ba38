/**
 * A message there and back, through a channel that is made for the test.
 *
 * @module
 */

import { mayStartPrograms, programCommand } from "../../backends/hosting/program_command.ts";
import { type Diagnostic, diagnosticOf } from "./diagnostic.ts";
import { Replier } from "../../lib/sockets/replier.ts";
import { Requester } from "../../lib/sockets/requester.ts";

const TOPIC = "self test";
/** Includes the start of a process. */
const REPLY_TIMEOUT_MS = 20_000;
const ROUNDS = 200;
/** The request that ends the replier. */
const LAST = -1;

/** Sends requests to another process if the program may start one, or else to a socket of its own. */
export async function selfTest(mainUrl: string): Promise<Diagnostic> {
  const channel = `doctor-${Deno.pid}`;
  try {
    return mayStartPrograms()
      ? await betweenProcesses(mainUrl, channel)
      : await withinProcess(channel);
  } catch (error) {
    return diagnosticOf(TOPIC, "failure", error);
  }
}

async function betweenProcesses(mainUrl: string, channel: string): Promise<Diagnostic> {
  using requester = new Requester<number, number>(channel);
  await using peer = programCommand({
    module: mainUrl,
    args: ["doctor-peer", channel],
    permissions: ["--allow-ffi"],
    whenCompiled: "run itself",
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const early = new AbortController();
  const ended = peer.status.then(({ code }) => {
    early.abort(new Error(`the other process ended with code ${code} before it replied`));
    return code;
  });
  const options = { timeoutMs: REPLY_TIMEOUT_MS, signal: early.signal };
  const pid = await requester.request(0, options);
  const roundTripUs = await measure(requester);
  await requester.request(LAST, options);
  if (pid !== peer.pid) throw new Error(`process ${pid} replied instead of ${peer.pid}`);
  if (await ended !== 0) throw new Error(`the other process ended with code ${await ended}`);
  const what = `a request to another process and its reply took ${roundTripUs} us (median)`;
  return { topic: TOPIC, level: "ok", message: what };
}

async function withinProcess(channel: string): Promise<Diagnostic> {
  using replier = new Replier<number, number>(channel);
  using requester = new Requester<number, number>(channel);
  const end = new AbortController();
  const serving = serveSelfTest(replier, end);
  const roundTripUs = await measure(requester);
  await requester.request(LAST, { timeoutMs: REPLY_TIMEOUT_MS });
  await serving;
  const what = `a request and its reply took ${roundTripUs} us (median), within this process`;
  const remedy = "--allow-run enables the test with another process";
  return { topic: TOPIC, level: "ok", message: what, remedy };
}

async function measure(requester: Requester<number, number>): Promise<number> {
  const durationsMs: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const startMs = performance.now();
    await requester.request(round, { timeoutMs: REPLY_TIMEOUT_MS });
    durationsMs.push(performance.now() - startMs);
  }
  const medianMs = durationsMs.sort((a, b) => a - b)[ROUNDS / 2];
  return Math.round(medianMs * 1000);
}

/** The other process: replies with its process id, until the last request. */
export async function serveSelfTest(
  replier: Replier<number, number>,
  end: AbortController,
): Promise<void> {
  await replier.serve((request) => {
    if (request === LAST) end.abort();
    return Deno.pid;
  }, { signal: end.signal });
}
