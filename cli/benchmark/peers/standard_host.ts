/** The host of a peer in a process of its own: it uses the standard streams. */
import { latencyCurve, percentile } from "../stats.ts";
import { hasSharedClock, openClock, openRoughClock } from "./clock.ts";
import type { Host } from "./roles.js";

const LINE_FEED = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes that were read after the last line. */
let pending = new Uint8Array();

/** Reads a line, blocking. Undefined when the input has ended. */
export function readLine(): string | undefined {
  let end: number;
  while ((end = pending.indexOf(LINE_FEED)) === -1) {
    const chunk = new Uint8Array(4096);
    const count = Deno.stdin.readSync(chunk);
    if (count === null) return undefined;
    const joined = new Uint8Array(pending.length + count);
    joined.set(pending);
    joined.set(chunk.subarray(0, count), pending.length);
    pending = joined;
  }
  const line = decoder.decode(pending.subarray(0, end));
  pending = pending.slice(end + 1);
  return line;
}

function say(fact: Record<string, unknown>): void {
  const line = encoder.encode(`${JSON.stringify(fact)}\n`);
  for (let at = 0; at < line.length;) at += Deno.stdout.writeSync(line.subarray(at));
}

/** The host of this process or of a worker of it. Only a process waits for "go". */
export function standardHost(): Host {
  return {
    clock: hasSharedClock() ? openClock() : openRoughClock(),
    say,
    waitForGo() {
      if (readLine() === undefined) throw new Error("the parent process has ended");
    },
    saveLatencies(latencies) {
      const ascending = latencies.sort();
      say({ p50: percentile(ascending, 0.5), latenciesNs: latencyCurve(ascending) });
    },
  };
}
