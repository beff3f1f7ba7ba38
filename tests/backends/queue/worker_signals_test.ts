// SIGTERM: workers close, and the program decides about its end.

import assert from "node:assert/strict";
import { inScratch } from "../../support/scratch.ts";
import { Program } from "../../support/program.ts";
import type { Plan } from "../../support/programs/queue_worker.ts";

const PROGRAM = "tests/support/programs/queue_worker.ts";

/** Long enough for a signal to arrive meanwhile. */
const HANDLER_MS = 1000;

function start(plan: Plan, dir?: string): Program {
  return new Program(["-A", PROGRAM, JSON.stringify(plan)], dir ? { RINGBUS_DIR: dir } : {});
}

Deno.test("SIGTERM closes a worker as close() does, and the program ends by itself", async () => {
  await using program = start({ handlerMs: HANDLER_MS });
  await program.prints("begins 0");
  program.kill("SIGTERM");
  assert.deepEqual(await program.lines(), ["begins 0", "ends 0", "done 1, waiting 0,0"]);
});

Deno.test("SIGTERM: what is not done at the end of the grace is given back", async () => {
  await using program = start({ handlerMs: 600_000, graceSeconds: 0.1 });
  await program.prints("begins 0");
  program.kill("SIGTERM");
  await program.prints("done 0, waiting 1,0,0");
  // Its handler still runs. The program is not held by Ringbus any more.
  program.kill("SIGTERM");
  assert.equal((await program.ended()).signal, "SIGTERM");
});

Deno.test("SIGTERM: a program with a worker keeps its sockets until it ends", () =>
  inScratch(async (scratch) => {
    await using program = start({ handlerMs: HANDLER_MS, hasSocket: true }, scratch.path);
    await program.prints("begins 0");
    program.kill("SIGTERM");
    assert.deepEqual(await program.lines(), ["begins 0", "ends 0", "done 1, waiting 0,0"]);
  }));

Deno.test("SIGTERM: a listener of the program runs as well", async () => {
  await using program = start({ handlerMs: HANDLER_MS, hasListener: true });
  await program.prints("begins 0");
  program.kill("SIGTERM");
  assert.deepEqual(await program.lines(), ["begins 0", "ends 0", "done 1, waiting 0,0"]);
});

/** Longer than a program may go on that does not listen for the signal. */
const LONG_MS = 8000;

Deno.test("SIGTERM ends a program that goes on after its workers, unless it has a listener", async () => {
  const plan: Plan = { handlerMs: HANDLER_MS, afterMs: LONG_MS };
  await using stack = new AsyncDisposableStack();
  const [killed, exited, listening] = [
    ["-A", PROGRAM, JSON.stringify(plan)],
    ["--allow-read", PROGRAM, JSON.stringify(plan)],
    ["-A", PROGRAM, JSON.stringify({ ...plan, hasListener: true })],
  ].map((args) => stack.use(new Program(args)));
  await Promise.all([killed, exited, listening].map(async (program) => {
    await program.prints("begins 0");
    program.kill("SIGTERM");
  }));
  assert.equal((await killed.ended()).signal, "SIGTERM");
  assert.equal((await exited.ended()).code, 128 + 15);
  for (const program of [killed, exited]) assert.match(program.output, /ends 0\n$/);
  assert.deepEqual(await listening.lines(), ["begins 0", "ends 0", "done 1, waiting 0,0"]);
});

Deno.test("SIGTERM ends a program with a worker at once after manageSignals(false)", async () => {
  await using program = start({ handlerMs: 600_000, unmanaged: true });
  await program.prints("begins 0");
  program.kill("SIGTERM");
  assert.equal((await program.ended()).signal, "SIGTERM");
});
