/** The lines that a child says to the harness, the one line it waits for, and its file of latencies. */
import { once } from "node:events";
import { readSync, writeFileSync, writeSync } from "node:fs";
import process from "node:process";
import { play } from "../../../cli/benchmark/peers/roles.js";

/** @typedef {import("../../../cli/benchmark/peers/roles.js").Host} Host */

/** @param {Record<string, unknown>} fact */
export function say(fact) {
  writeSync(1, JSON.stringify(fact) + "\n");
}

/** Blocks until the harness says "go". For Deno only: Node's standard input does not block. */
export function waitForGo() {
  const byte = new Uint8Array(1);
  do {
    if (readSync(0, byte) === 0) throw new Error("the harness went away");
  } while (byte[0] !== 10);
}

/** Waits in the event loop until the harness says "go". */
async function waitForGoAsync() {
  process.stdin.resume();
  await once(process.stdin, "data");
  process.stdin.pause();
}

/**
 * The harness as the host of a task.
 * @param {import("./task.js").Task} task
 * @param {() => number} clock
 * @returns {Host}
 */
export function harness(task, clock) {
  return {
    clock,
    say,
    waitForGo: waitForGoAsync,
    // Raw: the harness computes every percentile in one way.
    saveLatencies: (latencies) => writeFileSync(task.out, new Uint8Array(latencies.buffer)),
  };
}

/**
 * Plays the one task of this process.
 * @param {import("../../../cli/benchmark/peers/roles.js").Endpoint} connection
 * @param {import("./task.js").Task} task
 * @param {() => number} clock
 */
export async function playForHarness(connection, task, clock) {
  await play(connection, task, harness(task, clock));
  process.stdin.destroy();
}
