/**
 * A worker that makes one call in a loop, and that no error stops.
 *
 * @module
 */

import {
  listChannels,
  type LocalHandle,
  Publisher,
  Puller,
  Pusher,
  removeStale,
  Replier,
} from "../../../mod.ts";
import { pollSync } from "../../../lib/events/mod.ts";
import { ShmBackend } from "../../../backends/state/mod.ts";

/** What the worker gets in its first message. */
export interface Loop {
  target: string | LocalHandle;
  dir?: string;
  call: keyof typeof CALLS;
  /** Milliseconds of work for each message. */
  workMs: number;
  /** Counts the messages that are done. */
  done: Int32Array;
}

type Next = () => boolean;

/** Waits for a message; true if it has one. */
const CALLS = {
  recvSync: (target: Loop["target"], options: { dir?: string }): Next => {
    const puller = new Puller(target, options);
    return () => (puller.recvSync(), true);
  },
  "recvSync with a timeout": (target: Loop["target"], options: { dir?: string }): Next => {
    const puller = new Puller(target, options);
    return () => (puller.recvSync({ timeoutMs: 10 }), true);
  },
  "recvSync with ack": (target: Loop["target"], options: { dir?: string }): Next => {
    const puller = new Puller(target, { ...options, ack: true });
    return () => (puller.recvSync().ack(), true);
  },
  recvIntoSync: (target: Loop["target"], options: { dir?: string }): Next => {
    const puller = new Puller(target, options);
    const bytes = new Uint8Array(100);
    return () => (puller.recvIntoSync(bytes), true);
  },
  tryRecv: (target: Loop["target"], options: { dir?: string }): Next => {
    const puller = new Puller(target, options);
    return () => puller.tryRecv() !== undefined;
  },
  pollSync: (target: Loop["target"], options: { dir?: string }): Next => {
    const puller = new Puller(target, options);
    return () => pollSync([puller])[0].kind === "ready" && puller.tryRecv() !== undefined;
  },
  drain: (target: Loop["target"], options: { dir?: string }): Next => {
    const puller = new Puller(target, options);
    return () => puller.drain(1).length > 0;
  },
  "drain(0)": (target: Loop["target"], options: { dir?: string }): Next => {
    const puller = new Puller(target, options);
    return () => puller.drain(0).length === 0;
  },
  "drain(0) with ack": (target: Loop["target"], options: { dir?: string }): Next => {
    const puller = new Puller(target, { ...options, ack: true });
    return () => puller.drain(0).length === 0;
  },
  "sendMany of nothing": (target: Loop["target"], options: { dir?: string }): Next => {
    const pusher = new Pusher(target, options);
    return () => pusher.sendMany([]) === 0;
  },
  "recv of a replier": (target: Loop["target"], options: { dir?: string }): Next => {
    const replier = new Replier(target, options);
    return () => (replier.recvSync(), replier.send("by the worker"));
  },
  sendMany: (target: Loop["target"], options: { dir?: string }): Next => {
    const publisher = new Publisher(target, options);
    return () => publisher.sendMany([1, 2, 3]) > 0;
  },
  "send of bytes": (target: Loop["target"], options: { dir?: string }): Next => {
    const publisher = new Publisher<Uint8Array>(target, { ...options, codec: "raw" });
    const bytes = new Uint8Array(8);
    return () => publisher.send(bytes);
  },
  loan: (target: Loop["target"], options: { dir?: string }): Next => {
    const publisher = new Publisher<Uint8Array>(target, { ...options, codec: "raw" });
    return () => (publisher.loan(8)?.commit(), true);
  },
  "new Puller": (target: Loop["target"], options: { dir?: string }): Next => {
    const open = () => new Puller(target, options).close();
    return () => (open(), true);
  },
  "tryRecv on a closed socket": (target: Loop["target"], options: { dir?: string }): Next => {
    const puller = new Puller(target, options);
    puller.close();
    return () => puller.tryRecv() !== undefined;
  },
  listChannels: (_target: Loop["target"], options: { dir?: string }): Next => {
    return () => listChannels(options).length > 0;
  },
  removeStale: (_target: Loop["target"], options: { dir?: string }): Next => {
    return () => removeStale(options).length > 0;
  },
  "reads of a state": (_target: Loop["target"], options: { dir?: string }): Next => {
    const backend = new ShmBackend(options);
    return () => backend.bufferThreadLenSync("t") > 0;
  },
  "writes of a state": (_target: Loop["target"], options: { dir?: string }): Next => {
    const backend = new ShmBackend(options);
    return () => (backend.registrySetSync("a", "b"), true);
  },
  "new ShmBackend": (_target: Loop["target"], options: { dir?: string }): Next => {
    return () => (new ShmBackend(options).closeSync(), true);
  },
};

function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end) continue;
}

addEventListener("message", (event) => {
  const { target, dir, call, workMs, done }: Loop = (event as MessageEvent).data;
  const next = CALLS[call](target, dir === undefined ? {} : { dir });
  (globalThis as unknown as { postMessage(value: unknown): void }).postMessage("looping");
  while (true) {
    try {
      if (!next()) continue;
      work(workMs);
      Atomics.add(done, 0, 1);
    } catch {
      // As a program that goes on in any case.
    }
  }
});
