/**
 * Uses a backend, with a server that the backend starts, and closes nothing.
 *
 * @module
 */

import { GemstoneGenerator, Message, type MessagingBackend } from "../../../mod.ts";
import {
  createSharedMessagingConfig,
  MessagingConfig,
  SharedMemoryMessagingBackend,
} from "../../../backends/http/mod.ts";
import { getSharedBackend } from "../../../backends/state/mod.ts";
import { EmbeddedMessagingBackend } from "../../../backends/tcp/mod.ts";

const [kind, port] = Deno.args;

async function useMessages(backend: MessagingBackend): Promise<void> {
  const message = new Message({
    idObj: new GemstoneGenerator(1).getId(),
    sender: { id: "test" },
    topics: "t",
    payload: {},
  });
  const { promise: received, resolve } = Promise.withResolvers<void>();
  await backend.subscribe("t", () => resolve());
  await backend.storeMessage("n", "t", message);
  await received;
  await backend.unsubscribe("t");
  console.log(`${(await backend.getMessagesForTopic("t")).length} message`);
}

const USES: Record<string, () => Promise<void>> = {
  http: () => useMessages(new SharedMemoryMessagingBackend()),
  "http in a process": () =>
    useMessages(new SharedMemoryMessagingBackend({ serverMode: "process" })),
  async "http by a configuration"() {
    await useMessages(await new MessagingConfig(createSharedMessagingConfig()).createBackend());
  },
  tcp: () => useMessages(new EmbeddedMessagingBackend({ port: Number(port) })),
  "tcp in a process": () =>
    useMessages(new EmbeddedMessagingBackend({ port: Number(port), serverMode: "process" })),
  async state() {
    const backend = await getSharedBackend({
      backendType: "manager",
      managerAddress: ["127.0.0.1", Number(port)],
      managerAuthkey: new Uint8Array(32).fill(1),
    });
    console.log(`${await backend.bufferAppend("thread", Uint8Array.of(1)) + 1} message`);
  },
};

await USES[kind]();
