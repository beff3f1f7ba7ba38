/**
 * A worker that receives in a loop, and that no error stops.
 *
 * @module
 */

import { type LocalHandle, Puller, Replier } from "../../../mod.ts";

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
  drain: (target: Loop["target"], options: { dir?: string }): Next => {
    const puller = new Puller(target, options);
    return () => puller.drain(1).length > 0;
  },
  "recv of a replier": (target: Loop["target"], options: { dir?: string }): Next => {
    const replier = new Replier(target, options);
    return () => (replier.recvSync(), replier.send("by the worker"));
  },
};

function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end) continue;
}

addEventListener("message", (event) => {
  const { target, dir, call, workMs, done }: Loop = (event as MessageEvent).data;
  const next = CALLS[call](target, { dir });
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
