/**
 * A clone of the repository in a folder of its own, with what is not committed yet.
 *
 * @module
 */

import { ROOT } from "./program.ts";

/** The repository may belong to another user, as it does in some containers. */
const GIT_CONFIG = "[safe]\n\tdirectory = *\n";

/** Clones the repository into a folder that is not there yet, and copies what is not committed. */
export function cloneRepository(target: string): void {
  const GIT_CONFIG_GLOBAL = `${target}.gitconfig`;
  Deno.writeTextFileSync(GIT_CONFIG_GLOBAL, GIT_CONFIG);
  const git = (...args: string[]) => run(args, { GIT_CONFIG_GLOBAL });
  git("clone", "--quiet", ROOT.pathname, target);
  for (const path of changedPaths(git)) copyOrRemove(new URL(path, ROOT), `${target}/${path}`);
}

function run(args: string[], env: Record<string, string>): string {
  const { success, stdout, stderr } = new Deno.Command("git", { args, cwd: ROOT, env })
    .outputSync();
  if (!success) throw new Error(`git ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Paths that differ from the last commit, new and deleted ones included. */
function changedPaths(git: (...args: string[]) => string): string[] {
  const changed = git("diff", "--name-only", "-z", "HEAD");
  const unknown = git("ls-files", "--others", "--exclude-standard", "-z");
  return (changed + unknown).split("\0").filter((path) => path !== "");
}

function copyOrRemove(source: URL, copy: string): void {
  try {
    Deno.mkdirSync(copy.slice(0, copy.lastIndexOf("/")), { recursive: true });
    Deno.copyFileSync(source, copy);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    Deno.removeSync(copy);
  }
}
