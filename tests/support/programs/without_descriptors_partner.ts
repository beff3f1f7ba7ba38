/**
 * A worker that waits in its event loop, for `without_descriptors.ts`.
 *
 * @module
 */

import {
  GemstoneGenerator,
  Message,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmMessagingBackend,
  Subscriber,
} from "../../../mod.ts";

type Bytes = Uint8Array<ArrayBufferLike>;

/** A message of topic `t`. */
export function messageOf(): Message {
  return new Message({
    idObj: new GemstoneGenerator(1).getId(),
    sender: { id: "a", name: "a" },
    topics: "t",
    payload: {},
  });
}

interface Task {
  role: string;
  name: string;
  dir: string;
}

/** Each does its part, and calls `waiting` once it waits. */
const ROLES: Record<string, (name: string, dir: string, waiting: () => void) => Promise<unknown>> =
  {
    async pull(name, dir, waiting) {
      using puller = new Puller<Bytes>(name, { dir });
      const received = puller.recv();
      waiting();
      return (await received).length;
    },
    async subscribe(name, dir, waiting) {
      using subscriber = new Subscriber<Bytes>(name, { dir });
      const received = subscriber.recv();
      waiting();
      return (await received).length;
    },
    async push(name, dir, waiting) {
      using pusher = new Pusher<Bytes>(name, { dir, codec: "raw", capacityBytes: 1024 });
      while (pusher.send(new Uint8Array(100))) continue;
      const sent = pusher.sendAsync(new Uint8Array(100));
      waiting();
      await sent;
      return 1;
    },
    async reply(name, dir, waiting) {
      using replier = new Replier<Bytes, Bytes>(name, { dir });
      const received = replier.recv();
      waiting();
      return (await received).length;
    },
    async request(name, dir, waiting) {
      using requester = new Requester<Bytes, Bytes>(name, { dir });
      const received = requester.request(Uint8Array.of(1));
      waiting();
      return (await received).length;
    },
    async watch(name, dir, waiting) {
      await using backend = new ShmMessagingBackend({ name, dir });
      const seen = Promise.withResolvers<void>();
      await backend.subscribe("t", () => seen.resolve());
      waiting();
      await seen.promise;
      return 1;
    },
  };

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Task>) => void;
  postMessage(value: unknown): void;
};

if ("DedicatedWorkerGlobalScope" in globalThis) {
  scope.onmessage = async ({ data: { role, name, dir } }) => {
    scope.postMessage(await ROLES[role](name, dir, () => scope.postMessage("waiting")));
  };
}
