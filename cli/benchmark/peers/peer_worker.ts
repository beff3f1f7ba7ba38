/** A worker of this program that plays the partner's role. */
import type { LocalHandle } from "../../../mod.ts";
import { BENCH_WORKER } from "../worker_name.ts";
import { messagesInFlight } from "./window.js";
import { type Port, portConnection } from "./worker_connection.ts";
import type { FindChannel } from "./ringbus_channel.ts";
import { playSync } from "./ringbus_sync.ts";
import { type Endpoint, play } from "./roles.js";
import { asObjects, type SmallObject } from "./small_object.ts";
import { standardHost } from "./standard_host.ts";
import type { PeerTask } from "./task.ts";

const MAX_WINDOW = 1024;

/** The channels of a local task. */
type Handles = Readonly<Record<Parameters<FindChannel>[0], LocalHandle>>;

/** What the owner posts for each task. All other posts are messages. */
interface Order {
  readonly task: PeerTask;
  readonly handles?: Handles | undefined;
}

/** One side of a pair of threads that `postMessage` to each other. */
function connectionTo(port: Port, task: PeerTask): Endpoint {
  const window = Math.min(MAX_WINDOW, messagesInFlight(task));
  if (!task.isObjects) return portConnection<Uint8Array>(port, window, () => {});
  return asObjects(portConnection<SmallObject>(port, window, () => {}), task.size);
}

/** The owner's side. */
export class PeerWorker {
  readonly #worker: Worker;
  readonly #port: Port;
  #report: (text: string) => void = () => {};

  private constructor(worker: Worker) {
    this.#worker = worker;
    const port: Port = { postMessage: (message) => worker.postMessage(message), onmessage: null };
    worker.onmessage = (event) => {
      if (typeof event.data === "string") this.#report(event.data);
      else port.onmessage?.(event);
    };
    this.#port = port;
  }

  /** Starts this program as a worker. Resolves when the worker listens. */
  static async start(mainUrl: string): Promise<PeerWorker> {
    const worker = new Worker(mainUrl, { type: "module", name: BENCH_WORKER });
    const { promise, resolve } = Promise.withResolvers<string>();
    const partner = new PeerWorker(worker);
    partner.#report = resolve;
    await promise;
    return partner;
  }

  /** Starts a task in the worker. Resolves when the worker has done it. */
  async play(task: PeerTask, handles?: Handles): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#report = resolve;
    this.#worker.postMessage({ task, handles } satisfies Order);
    await promise;
  }

  /** The connection to the worker during a task. */
  connection(task: PeerTask): Endpoint {
    return connectionTo(this.#port, task);
  }

  end(): void {
    this.#worker.terminate();
  }
}

/** The worker's side: runs the tasks that its owner posts. */
export function servePeerWorker(): void {
  const port = globalThis as unknown as Port;
  const host = standardHost();
  const listen = () => {
    port.onmessage = async ({ data }: MessageEvent<Order | number>) => {
      // The last credit of the task before.
      if (typeof data === "number") return;
      const { task, handles } = data;
      if (handles) playSync(task, (suffix) => ({ channel: handles[suffix], options: {} }), host);
      else await play(connectionTo(port, task), task, host);
      listen();
      port.postMessage("finished");
    };
  };
  listen();
  port.postMessage("listening");
}
