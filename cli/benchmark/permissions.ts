/** The permissions of a measurement, and the missing ones. */
import type { Contestant, Workload } from "./workloads.ts";

const ALL = ["read", "write", "net", "env", "sys", "run", "ffi", "import"] as const;
type Permission = typeof ALL[number];

/** Permissions that every measurement needs: it starts processes, which meet in a folder. */
const ALWAYS: readonly Permission[] = ["run", "read", "write"];

function isGranted(name: Permission): boolean {
  return Deno.permissions.querySync({ name }).state === "granted";
}

/** Throws if a permission is missing that every measurement needs. */
export function requirePermissions(): void {
  const missing = ALWAYS.filter((name) => !isGranted(name)).map((name) => `--allow-${name}`);
  if (missing.length === 0) return;
  throw new Deno.errors.NotCapable(
    "cannot measure without permission to start processes of this program, which meet in a " +
      `temporary folder: add ${missing.join(" ")}`,
  );
}

/** Permission flags of the processes that are started: those of this process. */
export function permissionFlags(): string[] {
  return ALL.filter(isGranted).map((name) => `--allow-${name}`);
}

/** Why a contestant cannot be measured here. Undefined if it can. */
export function skipReasonOf(
  { needs, peer, mode }: Contestant,
  { kind }: Workload,
): string | undefined {
  const { os } = Deno.build;
  if (peer.startsWith("ringbus") && peer !== "ringbus local" && os === "windows") {
    return "memory shared by processes needs Linux or macOS";
  }
  if (mode === "unix" && os === "windows") return "Deno has no Unix sockets on Windows";
  const missing = needs.find((need) => !isGranted(need));
  if (missing !== undefined) return `it needs --allow-${missing}`;
  if (kind !== "wake") return undefined;
  if (os === "windows") return "one way, both sides read one clock, which needs Linux or macOS";
  return isGranted("ffi")
    ? undefined
    : "one way, both sides read one clock, which needs --allow-ffi";
}
