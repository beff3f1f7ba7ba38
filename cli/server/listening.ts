/**
 * Starting servers, and what keeps them from listening.
 *
 * @module
 */

import { messageOf } from "../../lib/base/thrown.ts";

/** Adds the port to the error of a server that cannot listen. */
export async function listening<T>(
  option: string,
  host: string,
  port: number,
  start: () => Promise<T>,
): Promise<T> {
  try {
    return await start();
  } catch (cause) {
    throw new Error(`cannot listen on port ${port} of ${host}: ${listenProblem(option, cause)}`, {
      cause,
    });
  }
}

function listenProblem(option: string, cause: unknown): string {
  const { AddrInUse, AddrNotAvailable, PermissionDenied } = Deno.errors;
  if (cause instanceof AddrInUse) {
    return `another program listens there; give another port with --${option}, or 0 for a free one`;
  }
  if (cause instanceof AddrNotAvailable) {
    return "this machine has no such address; give one of its own with --host";
  }
  if (cause instanceof PermissionDenied) {
    return `this user may not use the port; give another one with --${option}`;
  }
  return messageOf(cause);
}

/** Waits until the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
