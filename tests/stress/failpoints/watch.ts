/**
 * A process that can be held at a failpoint: it waits there, within its call, until it is killed or
 * resumed.
 *
 * @module
 */

import { platform } from "../../../lib/platform/mod.ts";
import { useFailpoints } from "../../../lib/segment/ring.ts";
import { block } from "../clock.ts";
import type { Journal } from "../journal.ts";
import { CALLS, numberOf } from "./points.ts";

const POLL_MS = 1;

/** Makes this process use a ring with failpoints, and stop where its journal orders it. */
export function watchFailpoints(ringPath: string, journal: Journal): void {
  const pass = (point: number) => {
    if (journal.pass(point)) pauseAt(point, journal);
  };
  useFailpoints(new WebAssembly.Module(read(ringPath)), pass);
  for (const call of CALLS) passAfter(call, () => pass(numberOf(call)));
}

/** Reads a file with no permission but the one for the C library. */
function read(path: string): Uint8Array<ArrayBuffer> {
  const os = platform();
  const fd = os.open(path);
  const bytes = new Uint8Array(os.statusOf(fd).size);
  os.read(fd, bytes, 0);
  os.close(fd);
  return bytes;
}

/** Waits at a failpoint until the journal releases the process. */
export function pauseAt(point: number, journal: Journal): void {
  journal.pausedAt = point;
  while (journal.isHeldAt(point)) block(POLL_MS);
  journal.pausedAt = -1;
}

/** Passes a failpoint after each system call that succeeds. Returns the original function. */
export function passAfter(
  call: typeof CALLS[number],
  pass: (args: unknown[], result: unknown) => void,
): unknown {
  const os = platform() as unknown as Record<string, (...args: unknown[]) => unknown>;
  const original = os[call].bind(os);
  os[call] = (...args) => {
    const result = original(...args);
    pass(args, result);
    return result;
  };
  return original;
}
