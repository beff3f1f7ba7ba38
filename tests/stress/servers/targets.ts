/**
 * What the differential run compares with the model: all backends, several on one store.
 *
 * @module
 */

import {
  InMemoryMessagingBackend,
  type MessagingBackend,
  type RedisLikeBackend,
  ShmMessagingBackend,
  Store,
} from "../../../mod.ts";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../../backends/http/mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer } from "../../../backends/tcp/mod.ts";
import { makeScratchDirectory } from "../../support/scratch.ts";

/** Backends on one store, which commands reach in any order. */
export interface OpenTarget extends AsyncDisposable {
  readonly backends: readonly (MessagingBackend & Partial<RedisLikeBackend>)[];
  /** Lets time pass; undefined where the clock is not the test's. */
  advance?: ((ms: number) => void) | undefined;
}

/** Something to compare. */
export interface Target {
  readonly name: string;
  open(): Promise<OpenTarget>;
}

/** All targets. */
export const TARGETS: readonly Target[] = [
  { name: "memory", open: openMemory },
  { name: "http and tcp", open: openServers },
  { name: "shm", open: openShm },
];

function openMemory(): Promise<OpenTarget> {
  let nowMs = Date.now();
  const store = new Store({ clock: () => nowMs });
  return Promise.resolve(targetOf(
    [new InMemoryMessagingBackend({ store }), new InMemoryMessagingBackend({ store })],
    (ms) => void (nowMs += ms),
  ));
}

async function openServers(): Promise<OpenTarget> {
  let nowMs = Date.now();
  const store = new Store({ clock: () => nowMs });
  const http = new SharedMemoryServer({ store });
  const tcp = new EmbeddedServer({ port: 0, store });
  const [serverUrl, port] = await Promise.all([http.start(), tcp.start()]);
  return targetOf(
    [
      new EmbeddedMessagingBackend({ port, autoStartServer: false }),
      new SharedMemoryMessagingBackend({ serverUrl }),
      new InMemoryMessagingBackend({ store }),
    ],
    (ms) => void (nowMs += ms),
    async () => void await Promise.all([http.stop(), tcp.stop()]),
  );
}

function openShm(): Promise<OpenTarget> {
  const dir = makeScratchDirectory();
  const open = () => new ShmMessagingBackend({ name: "differential", dir });
  return Promise.resolve(targetOf([open(), open()], undefined, async () => {
    await Deno.remove(dir, { recursive: true });
  }));
}

function targetOf(
  backends: OpenTarget["backends"],
  advance: OpenTarget["advance"],
  close: () => Promise<void> = () => Promise.resolve(),
): OpenTarget {
  return {
    backends,
    advance,
    async [Symbol.asyncDispose]() {
      for (const backend of backends) await backend.cleanup();
      await close();
    },
  };
}
