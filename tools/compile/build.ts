/**
 * Compiling the single binary: the command line and its dependencies are bundled into one module, which
 * is appended to the base binary of this Deno.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** Permissions of the program: what all subcommands together need. */
export const PERMISSIONS: readonly string[] = [
  "--allow-ffi",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-run",
  "--allow-sys=cpus,osRelease",
  "--allow-env=RINGBUS_DEBUG,RINGBUS_TOKEN",
];

/** The bundle needs no other file. */
const ISOLATED_FLAGS = ["--no-config", "--no-lock", "--no-check", "--no-remote", "--no-npm"];

/** Bundles the program and everything that it imports into one module. */
export async function bundle(output: string): Promise<void> {
  await deno(["bundle", "--quiet", "--output", output, "main.ts"]);
}

/**
 * Compiles a bundle. Returns the output of `deno compile`.
 *
 * @param more further arguments of `deno compile`
 * @param base the base binary, `denort`. Default: that of this Deno, which is downloaded once
 */
export async function compile(
  bundlePath: string,
  output: string,
  more: readonly string[] = [],
  base?: string,
): Promise<string> {
  const flags = [...ISOLATED_FLAGS, "--no-prompt", ...PERMISSIONS, ...more];
  const args = ["compile", ...flags, "--output", output, bundlePath];
  return await deno(args, base === undefined ? {} : { DENORT_BIN: base });
}

async function deno(args: string[], env: Record<string, string> = {}): Promise<string> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const errorText = new TextDecoder().decode(stderr);
  if (!success) throw new Error(`deno ${args[0]} failed:\n${errorText}`);
  return errorText;
}
