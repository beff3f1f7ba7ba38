/** The host of a peer that was started as a process: it talks through the standard streams. */
import { latencyCurve, percentile } from "../stats.ts";
import { hasSharedClock, openClock, openRoughClock } from "./clock.ts";
import type { Host } from "./roles.js";

const LINE_FEED = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What is read at once may hold more than a line. */
let pending = new Uint8Array();

/** Blocks until there is a line; undefined when the input has ended. */
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

/** The host of this process or of a worker of it; only the former waits for "go". */
export function standardHost(): Host {
  return {
    clock: hasSharedClock() ? openClock() : openRoughClock(),
    say,
    waitForGo() {
      if (readLine() === undefined) throw new Error("the one who measures went away");
    },
    saveLatencies(latencies) {
      const ascending = latencies.sort();
      say({ p50: percentile(ascending, 0.5), latenciesNs: latencyCurve(ascending) });
    },
  };
}
