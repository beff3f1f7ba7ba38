/** The lines that a child says to the harness, and the one line it waits for. */
import { once } from "node:events";
import { readSync, writeSync } from "node:fs";
import process from "node:process";

/** @param {Record<string, unknown>} fact */
export function say(fact) {
  writeSync(1, JSON.stringify(fact) + "\n");
}

/**
 * Blocks until the harness says "go": first when both sides are warm, and again when everything has
 * arrived and the sender may leave. For Deno only: Node's standard input does not block.
 */
export function awaitGo() {
  const byte = new Uint8Array(1);
  do {
    if (readSync(0, byte) === 0) throw new Error("the harness went away");
  } while (byte[0] !== 10);
}

/** Waits in the event loop until the harness says "go". */
export async function goSaid() {
  process.stdin.resume();
  await once(process.stdin, "data");
  process.stdin.pause();
}
