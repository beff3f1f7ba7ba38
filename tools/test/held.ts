/**
 * What the process of the tests still holds after a file of them: segments that are mapped, descriptors
 * of segments, doorbells and temporary files, sockets. Preloaded before each test file; a file that
 * leaves anything fails. The sanitizers see what Deno has opened, and this sees what the C library has.
 *
 * @module
 */

import { until } from "../../tests/support/deadline.ts";

/** The event loop closes some descriptors after the test that gave them up. */
const GRACE_MS = 5000;

const FOLDERS = ["/dev/shm", Deno.env.get("TMPDIR") ?? "/tmp"];

/** What this process has mapped, and where its descriptors lead to. */
function heldNow(): string[] {
  return [...mappedFiles(), ...openFiles()];
}

/** The files in shared memory and in the temporary folder, and the sockets with an address, among what is held. */
function namedIn(held: string[]): string[] {
  const sockets = held.some((file) => file.startsWith("socket:"))
    ? namedSockets()
    : new Map<string, string>();
  const files = held.map((file) => sockets.get(file) ?? file);
  return files.filter((file) =>
    file.startsWith("socket ") || FOLDERS.some((folder) => file.includes(`${folder}/`))
  );
}

function mappedFiles(): string[] {
  const lines = Deno.readTextFileSync("/proc/self/maps").split("\n");
  return lines.flatMap((line) => {
    const path = line.indexOf("/");
    return path < 0 ? [] : [`mapping of ${line.slice(path)}`];
  });
}

function openFiles(): string[] {
  const files: string[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      files.push(Deno.readLinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The descriptor that lists the others is gone by now.
    }
  }
  return files;
}

/** Sockets with an address, by the links to their descriptors. */
function namedSockets(): Map<string, string> {
  const sockets = new Map<string, string>();
  for (const protocol of ["tcp", "tcp6", "udp", "udp6"]) {
    for (const line of linesOf(protocol)) {
      const [, local, remote, , , , , , , inode] = line.trim().split(/\s+/);
      sockets.set(`socket:[${inode}]`, `socket ${protocol} from ${local} to ${remote}`);
    }
  }
  for (const line of linesOf("unix")) {
    const [, , , , , , inode, path] = line.trim().split(/\s+/);
    if (path !== undefined) sockets.set(`socket:[${inode}]`, `socket ${path}`);
  }
  return sockets;
}

function linesOf(protocol: string): string[] {
  return Deno.readTextFileSync(`/proc/self/net/${protocol}`).trimEnd().split("\n").slice(1);
}

function watch(): void {
  const before = new Set(heldNow());
  let left: string[] = [];
  // The tables of sockets are long after many connections: they are read only if a socket is left.
  const look = () => left = namedIn(heldNow().filter((file) => !before.has(file)));
  Deno.test.afterAll(async () => {
    await until(() => look().length === 0, "", GRACE_MS).catch(() => {});
    if (left.length === 0) return;
    throw new Error(`the tests of this file still hold:\n  ${left.join("\n  ")}`);
  });
}

if (Deno.build.os === "linux") watch();
