/**
 * A clone of the repository in a folder of its own, with what is not committed yet.
 *
 * @module
 */

import { ROOT } from "./program.ts";

function git(cwd: string | URL, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command("git", { args, cwd }).outputSync();
  if (!success) throw new Error(`git ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Paths that differ from the last commit, new and deleted ones included. */
function changedPaths(): string[] {
  const changed = git(ROOT, "diff", "--name-only", "-z", "HEAD");
  const unknown = git(ROOT, "ls-files", "--others", "--exclude-standard", "-z");
  return (changed + unknown).split("\0").filter((path) => path !== "");
}

/** Clones the repository into a folder that is not there yet, and copies what is not committed. */
export function cloneRepository(target: string): void {
  git(ROOT, "clone", "--quiet", ROOT.pathname, target);
  for (const path of changedPaths()) {
    const copy = `${target}/${path}`;
    try {
      Deno.mkdirSync(copy.slice(0, copy.lastIndexOf("/")), { recursive: true });
      Deno.copyFileSync(new URL(path, ROOT), copy);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      Deno.removeSync(copy);
    }
  }
}
