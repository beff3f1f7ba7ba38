// RINGBUS_DEBUG in programs that have backends and queues only.

import assert from "node:assert/strict";
import { ROOT } from "../../support/program.ts";

const PROGRAM = `
  import { GemstoneGenerator, InMemoryMessageQueue, InMemoryMessagingBackend, Message } from "@ringbus/ringbus";
  import { configure } from "@logtape/logtape";
  await configure({
    sinks: { out: ({ message }) => console.log(message.join("")) },
    loggers: [{ category: ["ringbus"], lowestLevel: "debug", sinks: ["out"] }, {
      category: ["logtape", "meta"], lowestLevel: "error", sinks: ["out"] }],
  });
  const seen = Promise.withResolvers();
  await using backend = new InMemoryMessagingBackend();
  await backend.subscribe("news", () => {}, { onPublished: seen.resolve });
  const idObj = new GemstoneGenerator(1).getId();
  await backend.storeMessage("n", "news", new Message({ idObj, sender: {}, topics: "t", payload: {} }));
  await backend.publish("news", 1);
  await seen.promise;
  await using queue = new InMemoryMessageQueue();
  await queue.initialize();
  await queue.publish({ channel: "tasks", payload: {}, sourceAgent: "a", targetAgent: "b" });
  for await (const _message of queue.subscribe("tasks", "b")) break;
`;

async function run(...flags: string[]): Promise<{ log: string; steps: string }> {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/program.ts`, PROGRAM);
    const config = new URL("deno.json", ROOT).pathname;
    const args = ["run", "--no-prompt", "--no-check", "--config", config, ...flags];
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: [...args, `${folder}/program.ts`],
      env: { RINGBUS_DEBUG: "1", NO_COLOR: "1" },
    }).output();
    const [log, steps] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.ok(success, steps);
    return { log, steps };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("RINGBUS_DEBUG=1 traces what backends and queues receive, and so does the log", async () => {
  const { log, steps } = await run("--allow-env=RINGBUS_DEBUG");
  assert.match(steps, /received message \d+ of topic "news"/);
  assert.match(steps, /received a value that was published to "news"/);
  assert.match(steps, /received message \S+ of channel "tasks"/);
  assert.match(log, /^message received: topic=news id=\d+$/m);
  assert.match(log, /^message received: channel=news$/m);
  assert.match(log, /^message_received$/m);
  assert.doesNotMatch(log, /not heeded/);
});

Deno.test("without --allow-env and --allow-ffi the log at debug level says what is not heeded", async () => {
  const { log, steps } = await run();
  assert.equal(steps, "");
  const said = log.split("\n").filter((line) => line.includes("not heeded"));
  assert.deepEqual(said, [
    "if it is set, RINGBUS_DEBUG is not heeded: run with --allow-env=RINGBUS_DEBUG",
  ]);
});
