// The examples of the TCP server, as a user runs them.

import assert from "node:assert/strict";
import { freePort } from "../support/free_port.ts";
import { Program } from "../support/program.ts";

function run(file: string, ...args: string[]): Program {
  return new Program(["--allow-net", `examples/embedded/${file}`, ...args]);
}

const ALONE = new Map([
  ["exchange.ts", ["Retrieved: Hello World"]],
  ["notifications.ts", ["warning: High CPU usage"]],
  ["configured.ts", ["true", "1"]],
]);

for (const [file, expected] of ALONE) {
  Deno.test(`example embedded/${file}: it prints the expected lines`, async () => {
    await using program = run(file, `${freePort()}`);
    assert.deepEqual(await program.lines(), expected);
  });
}

Deno.test("example embedded: a coordinator and two workers share a server", async () => {
  const port = `${freePort()}`;
  await using server = run("server.ts", port);
  await server.prints(`listening on 127.0.0.1:${port}`);
  await using early = run("worker.ts", "worker_1", port);
  await using coordinator = run("coordinator.ts", port);
  await coordinator.prints("worker_1: done");
  await using late = run("worker.ts", "worker_2", port);
  assert.deepEqual(await coordinator.lines(), [
    "worker_1: done",
    "worker_2: done",
    "all tasks are done",
  ]);
  for (const worker of [early, late]) {
    assert.deepEqual(await worker.lines(), ["Processing: process_data"]);
  }
  server.kill("SIGINT");
  const [, summary] = await server.lines();
  assert.match(summary, /^stored 4 messages, pushed \d+$/);
});

Deno.test("example embedded/troubleshooting.ts: it detects whether a server runs", async () => {
  const port = `${freePort()}`;
  await using without = run("troubleshooting.ts", port);
  assert.deepEqual(await without.lines(), [`No server at 127.0.0.1:${port}`]);
  await using server = run("server.ts", port);
  await server.prints("listening");
  await using program = run("troubleshooting.ts", port);
  assert.deepEqual(await program.lines(), [
    "Server connection OK",
    "Active subscriptions: test_topic",
    "Messages in topic: 0",
  ]);
});
