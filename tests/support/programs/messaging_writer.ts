/**
 * A process that stores messages in a topic and ends. Its argument is JSON: module, class and
 * configuration of a backend, the topic, a machine id, and how many.
 *
 * @module
 */

import { GemstoneGenerator, Message, type MessagingBackend } from "../../../mod.ts";

const { module, className, config, topic, machineId, count } = JSON.parse(Deno.args[0]);
const generator = new GemstoneGenerator(machineId);
const Backend = (await import(module))[className] as new (config: unknown) => MessagingBackend;

await using backend = new Backend(config);
for (let n = 0; n < count; n++) {
  const message = new Message({
    idObj: generator.getId(),
    sender: { id: `writer ${machineId}` },
    topics: topic,
    payload: { writer: machineId, n },
  });
  await backend.storeMessage("writers", topic, message);
}
