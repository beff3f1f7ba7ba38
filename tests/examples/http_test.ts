import assert from "node:assert/strict";
import { Program } from "../support/program.ts";

/** The output of an example, run with the permissions that it names. */
async function linesOf(file: string, ...permissions: string[]): Promise<string[]> {
  await using program = new Program(["--allow-net", ...permissions, `examples/http/${file}`]);
  return await program.lines();
}

Deno.test("example http: messages are stored and read, the urgent one first", async () => {
  assert.deepEqual(await linesOf("exchange.ts"), [
    "priority 0: Fire",
    "priority 4: Hello World",
    "later than the first: Fire",
    "by id: Hello World",
  ]);
});

Deno.test("example http: a configuration makes a backend", async () => {
  assert.deepEqual(await linesOf("config.ts"), [
    "SharedMemoryMessagingBackend of ./http",
    "subscriptions: yes",
    '"./http" exports no messaging backend with the name "Nonsense"',
  ]);
});

Deno.test("example http: handlers are called by topic and by pattern", async () => {
  assert.deepEqual(await linesOf("notifications.ts"), [
    "alert: High CPU usage",
    "sensor.temperature: 21.5",
    "sensor.humidity: 40",
    "published: System maintenance starting",
  ]);
});

Deno.test("example http: values by key, as in Redis", async () => {
  assert.deepEqual(await linesOf("values.ts"), [
    "value",
    "null",
    "John",
    "1 of 2 are new",
    '[ "user1", "user2", "user3", "user4" ]',
    "{ ids: [ 9737962806006804483n ] }",
  ]);
});

Deno.test("example http: a coordinator and a worker in two processes", async () => {
  assert.deepEqual(await linesOf("coordinator.ts", "--allow-run"), [
    "task_1: 1",
    "task_2: 4",
    "task_3: 9",
  ]);
});

Deno.test("example http: the error when there is no server", async () => {
  assert.deepEqual(await linesOf("troubles.ts"), [
    "handlers of: alerts",
    "server: healthy, 1 subscription",
    "ex must be a number of seconds, more than 0, not -1",
    "no server at its address",
  ]);
});
