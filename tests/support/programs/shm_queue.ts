/**
 * A process that uses a queue in shared memory, with no permission but for the C library, and reports its
 * actions in lines of JSON. Its arguments are the options of the queue and what to do.
 *
 * @module
 */

import { ShmMessageQueue } from "../../../mod.ts";

const [options, task, who = "0"] = Deno.args;
const print = (...line: unknown[]) => console.log(JSON.stringify(line));

await using queue = new ShmMessageQueue(JSON.parse(options));
await queue.initialize();
const messageOf = (payload: unknown) => ({
  channel: "tasks",
  sourceAgent: "boss",
  targetAgent: "worker",
  payload,
});
if (task === "publish") {
  for (let n = 0;; n++) {
    await queue.publish(messageOf(`${who}-${n}`));
    print(`${who}-${n}`);
  }
} else if (task === "once") {
  await queue.publish(messageOf(who));
  print("published");
  if (who === "exit") Deno.exit();
  if (who === "wait") await new Promise((resolve) => setTimeout(resolve, 1e6));
} else if (task === "keys") {
  for (let n = 0;; n++) {
    const orderingKey = `key ${n % 3}`;
    const delay = n % 10 === 0 ? { delaySeconds: 0.05 } : {};
    await queue.publish({ ...messageOf(`${who}-${n}`), orderingKey, ...delay });
    print(`${who}-${n}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
} else if (task === "consume") {
  const subscription = queue.subscribe("tasks", "worker", { prefetch: 3 });
  await subscription.ready;
  print("ready");
  while (true) {
    const beforeMs = Date.now();
    const { value } = await subscription.next();
    print("got", value.payload, beforeMs, value.orderingKey);
    const isDone = await queue.acknowledge(value);
    print("done", value.payload, Date.now(), isDone);
  }
} else if (task === "hold") {
  const subscription = queue.subscribe("tasks", "worker");
  const { value } = await subscription.next();
  print("holds", value.payload);
  await new Promise((resolve) => setTimeout(resolve, 1e6));
} else if (task === "listen") {
  await using subscription = queue.subscribe("news", who);
  await subscription.ready;
  print("ready");
  for await (const record of subscription) {
    print(record.payload);
    await queue.acknowledge(record);
  }
}
