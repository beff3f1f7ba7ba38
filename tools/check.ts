/**
 * The static checks, one after the other; the first one that fails ends it.
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };

const CHECKS: readonly (readonly string[])[] = [
  ["fmt", "--check"],
  ["lint"],
  ["check", "--lock", "--frozen"],
  ["doc", "--lint", ...Object.values(config.exports)],
  ["run", "--lock", "-A", "wasm/build.ts", "--check"],
  ["run", "--lock", "-A", "tools/dashboard/build.ts", "--check"],
  ["run", "--lock", "-A", "tools/lua/build.ts", "--check"],
  ["run", "--lock", "-A", "tools/grafana/build.ts", "--check"],
  ["run", "--lock", "-A", "tools/docs/main.ts", "--check"],
  ["publish", "--dry-run", "--allow-dirty"],
];

const ROOT = new URL("../", import.meta.url);

for (const args of CHECKS) {
  console.error(`deno ${args.join(" ")}`);
  const { success, code } = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    stdout: "inherit",
    stderr: "inherit",
  }).outputSync();
  if (!success) Deno.exit(code);
}
