/**
 * Checks of the permissions of this program, with the purpose of each.
 *
 * @module
 */

import type { Diagnostic } from "./diagnostic.ts";
import { platform } from "../../lib/platform/mod.ts";

interface Permission {
  readonly name: Deno.PermissionName;
  readonly purpose: string;
}

/** Permissions that parts of Ringbus need, besides the one for the C library. */
const PERMISSIONS: readonly Permission[] = [
  { name: "net", purpose: "servers, their clients, and Redis" },
  { name: "env", purpose: "RINGBUS_TOKEN and RINGBUS_DEBUG" },
  { name: "read", purpose: "recordings, dead segments, and token files" },
  { name: "write", purpose: "recordings and charts" },
  { name: "run", purpose: "commands of rep, and servers in their own process" },
];

/** Checks all permissions. Channels between processes need only the one for the C library. */
export function permissionDiagnostics(): Diagnostic[] {
  return [libraryDiagnostic(), ...PERMISSIONS.map(permissionDiagnostic)];
}

function libraryDiagnostic(): Diagnostic {
  const topic = "--allow-ffi";
  const purpose = "channels between processes";
  if (Deno.permissions.querySync({ name: "ffi" }).state === "granted") {
    return { topic, level: "ok", message: `granted: ${purpose}` };
  }
  if (isLibraryOpen()) {
    return { topic, level: "ok", message: `granted for the C library: ${purpose}` };
  }
  return {
    topic,
    level: "failure",
    message: `not granted: no ${purpose}`,
    remedy: "run with --allow-ffi, or with --allow-ffi=<path of the C library>",
  };
}

function isLibraryOpen(): boolean {
  try {
    platform();
    return true;
  } catch {
    return false;
  }
}

function permissionDiagnostic({ name, purpose }: Permission): Diagnostic {
  const topic = `--allow-${name}`;
  const { state, partial } = Deno.permissions.querySync({ name });
  if (state === "granted") {
    return {
      topic,
      level: "ok",
      message: `${partial ? "granted in part" : "granted"}: ${purpose}`,
    };
  }
  return { topic, level: "note", message: `not granted, or only in part: ${purpose}` };
}
