/**
 * A worker that opens sockets of every kind and is terminated without closing them.
 *
 * @module
 */

import { Publisher, Puller, Pusher, Replier, Requester, Subscriber } from "../../../mod.ts";
import { ShmBackend } from "../../../backends/state/mod.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<{ dir: string }>) => void;
  postMessage(value: unknown): void;
};

/** Keeps the sockets. */
const opened: unknown[] = [];

scope.onmessage = ({ data: { dir } }) => {
  const puller = new Puller<number>("queue", { dir });
  const replier = new Replier<number, number>("requests", { dir });
  opened.push(
    puller,
    replier,
    new Pusher("queue", { dir }),
    new Publisher("broadcast", { dir }),
    new Subscriber("broadcast", { dir }),
    new Requester("requests", { dir }),
    new ShmBackend({ shmName: "state", dir }),
  );
  opened.push(puller.recv(), replier.recv());
  scope.postMessage("open");
};
