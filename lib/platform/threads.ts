/**
 * The names of the threads of this process. Where no socket by name has loaded the C library yet, the
 * runtime reads and writes them, if it may do all: to load the library takes time.
 *
 * @module
 */

import { openedPlatform } from "./mod.ts";

const THREADS = "/proc/self/task";

/** Names of all threads; none where that is not possible. */
export function threadNames(): string[] {
  const os = openedPlatform();
  if (os !== undefined) return os.threadNames();
  return isPermitted() ? paths().map(nameAt) : [];
}

/** Renames the threads that have one of the names. */
export function renameThreads(from: ReadonlySet<string>, to: string): void {
  const os = openedPlatform();
  if (os !== undefined) return os.renameThreads(from, to);
  if (!isPermitted()) return;
  for (const path of paths()) {
    if (from.has(nameAt(path))) Deno.writeTextFileSync(path, to, { create: false });
  }
}

function paths(): string[] {
  return [...Deno.readDirSync(THREADS)].map(({ name }) => `${THREADS}/${name}/comm`);
}

function nameAt(path: string): string {
  try {
    return Deno.readTextFileSync(path).trimEnd();
  } catch {
    // The thread has ended.
    return "";
  }
}

const NEEDED = ["read", "write", "net", "env", "run", "sys", "ffi"] as const;

/** The runtime opens files of `/proc` with all permissions only, and would ask for them. */
function isPermitted(): boolean {
  return Deno.build.os === "linux" &&
    NEEDED.every((name) => Deno.permissions.querySync({ name }).state === "granted");
}
