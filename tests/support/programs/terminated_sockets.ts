/**
 * Terminates workers with open sockets on named channels, and reports what the others then see.
 *
 * @module
 */

import { listChannels, Pusher, Requester, ShmPeerLostError } from "../../../mod.ts";
import type { Command } from "./actions.ts";

const WORKERS = 5;
const TIMEOUT_MS = 5000;

/** A worker that has carried out commands. */
async function workerThat(...commands: Command[]): Promise<Worker> {
  const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
  for (const command of commands) {
    const reply = new Promise<void>((resolve) => worker.onmessage = () => resolve());
    worker.postMessage(command);
    await reply;
  }
  return worker;
}

async function until(condition: () => boolean): Promise<boolean> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!condition() && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return condition();
}

function participantsOf(channel: string) {
  return listChannels().find(({ name }) => name === channel)?.participants ?? [];
}

/** Terminated senders are seen as dead, and the next to attach has their places. */
async function terminateSenders(): Promise<number> {
  using pusher = new Pusher("jobs");
  for (let i = 0; i < WORKERS; i++) {
    const worker = await workerThat({ do: "open", id: "out", role: "pusher", target: "jobs" });
    worker.terminate();
    await until(() => participantsOf("jobs").filter(({ alive }) => alive).length === 1);
  }
  pusher.send(1);
  return participantsOf("jobs").length;
}

/** A request that a terminated replier had taken fails at once. */
async function terminateReplier(): Promise<boolean> {
  using requester = new Requester("ask");
  const opened = workerThat(
    { do: "open", id: "in", role: "replier", target: "ask" },
    { do: "receive", id: "in", mode: "sync", count: 1 },
  );
  const reply = requester.request("work", { timeoutMs: TIMEOUT_MS });
  const lost = reply.then(() => false, (error) => error instanceof ShmPeerLostError);
  (await opened).terminate();
  return await lost;
}

const value = { places: await terminateSenders(), isLost: await terminateReplier() };
console.log(JSON.stringify({ value }));
Deno.exit(0);
