/**
 * Opens sockets, waits, and has signal listeners of its own, as its first argument says.
 *
 * @module
 */

import { manageSignals, Puller, Pusher } from "../../../mod.ts";

/** What the program does besides waiting. */
export interface Plan {
  signal: "SIGTERM" | "SIGINT" | "SIGHUP";
  /** When it adds listeners of its own. `before` and `after` are the opening of its sockets. */
  listeners: ("before" | "after" | "removed" | "once" | "stays" | "node")[];
  /** How it waits; `none` opens no socket. */
  wait: "asynchronous" | "synchronous" | "polling" | "none";
  /** Starts a worker with another plan. */
  worker?: Plan;
  unmanaged?: boolean;
  /** Waits so long, while its signal seems to be delivered and no listener is called. */
  lateMs?: number;
}

const SIGTERM = 15;
/** Of the C library of Linux; the handler comes first. */
const SIGACTION_BYTES = 152;
const HANDLER_BYTES = 8;

const isWorker = "DedicatedWorkerGlobalScope" in globalThis;

function report(value: unknown): void {
  if (isWorker) (globalThis as unknown as { postMessage(value: unknown): void }).postMessage(value);
  else console.log(JSON.stringify({ value }));
}

let calls = 0;

async function run(plan: Plan): Promise<void> {
  const sockets: { pusher?: Pusher; puller?: Puller } = {};
  const { signal, listeners } = plan;
  /** The asynchronous work of a program at its end, in which it may still use its sockets. */
  const cleanUp = async () => {
    const call = ++calls;
    await new Promise((resolve) => setTimeout(resolve, 100));
    let sent: boolean | string | undefined;
    try {
      sent = sockets.pusher?.send("last");
      sockets.puller?.tryRecv();
    } catch (error) {
      sent = (error as Error).name;
    }
    report({ call, calls, sent });
    if (call === listeners.filter((when) => when !== "removed").length) Deno.exit(7);
  };
  const removed = () => report("removed");
  const add = (when: Plan["listeners"][number]) => {
    for (const each of listeners) {
      if (each !== when) continue;
      if (when === "removed") Deno.addSignalListener(signal, removed);
      else if (when === "node") process.on(signal, () => void cleanUp());
      else if (when === "once" || when === "stays") {
        const once = () => {
          Deno.removeSignalListener(signal, once);
          if (when === "once") void cleanUp();
          else setTimeout(() => report("called"));
        };
        Deno.addSignalListener(signal, once);
      } else Deno.addSignalListener(signal, () => void cleanUp());
    }
  };
  if (plan.unmanaged) manageSignals(false);
  add("removed");
  for (const when of ["before", "node", "once", "stays"] as const) add(when);
  if (plan.wait !== "none") {
    sockets.puller = new Puller("idle");
    sockets.pusher = new Pusher("busy");
  }
  add("after");
  if (listeners.includes("removed")) Deno.removeSignalListener(signal, removed);
  if (plan.worker !== undefined) await startWorker(plan.worker);
  report("waiting");
  if (plan.lateMs === undefined) await waitAs(plan.wait, sockets.puller);
  else await waitLate(sockets.puller!, plan.lateMs);
}

/** The default action takes the place of the runtime's, as when the kernel delivers the signal. */
async function waitLate(puller: Puller, timeoutMs: number): Promise<void> {
  const { sigaction } = Deno.dlopen("libc.so.6", {
    sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  }).symbols;
  const action = new Uint8Array(SIGACTION_BYTES);
  sigaction(SIGTERM, null, action);
  sigaction(SIGTERM, action.fill(0, 0, HANDLER_BYTES), null);
  await puller.recv({ timeoutMs }).catch((error) => report((error as Error).name));
  Deno.exit(7);
}

async function startWorker(plan: Plan): Promise<void> {
  const worker = new Worker(import.meta.url, { type: "module" });
  const { promise, resolve } = Promise.withResolvers<void>();
  worker.onmessage = ({ data }) => data === "waiting" ? resolve() : report(data);
  worker.postMessage(plan);
  await promise;
}

async function waitAs(wait: Plan["wait"], puller: Puller | undefined): Promise<void> {
  try {
    if (wait === "asynchronous") await puller!.recv();
    else if (wait === "synchronous") puller!.recvSync();
    else if (wait === "polling") { while (true) puller!.tryRecv(); }
    else await new Promise<void>((resolve) => setTimeout(resolve, 1 << 30));
  } catch (error) {
    report((error as Error).name);
    await waitAs("none", undefined);
  }
}

if (isWorker) {
  addEventListener("message", (event) => void run((event as MessageEvent).data));
} else await run(JSON.parse(Deno.args[0]));
