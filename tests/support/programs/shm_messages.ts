/**
 * A process that uses messages in shared memory, with no permission but for the C library, and reports its
 * actions in lines of JSON. Its arguments are a directory and what to do.
 *
 * @module
 */

import { GemstoneGenerator, Message, ShmMessagingBackend } from "../../../mod.ts";

const [dir, task, who = "0"] = Deno.args;
const generator = new GemstoneGenerator(Number(who));
const print = (value: unknown) => console.log(JSON.stringify(value));

function numbered(n: number): Message {
  return new Message({
    idObj: generator.getId(),
    sender: { id: who },
    topics: "t",
    payload: { who, n, text: `${n}`.repeat(50) },
  });
}

await using backend = new ShmMessagingBackend({ name: "messages", dir });
if (task === "use") {
  const { promise, resolve } = Promise.withResolvers<Message>();
  await backend.subscribe("t", resolve);
  await backend.storeMessage("n", "t", numbered(1));
  print((await promise).payload["n"]);
  print((await backend.getMessagesForTopic("t")).length);
  print((await backend.stats()).messages);
} else if (task === "write") {
  for (let n = 0;; n++) {
    await backend.storeMessage("n", "t", numbered(n));
    print(n);
  }
} else {
  await backend.subscribe("t", ({ payload }) => print(payload["n"]), {
    onPublished: ({ data }) => print(data),
  });
  await backend.psubscribe("*", () => {});
  print("subscribed");
  await new Promise(() => {});
}
