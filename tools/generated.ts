/**
 * Files that a build generates: written, or with `--check` compared with what the build would write.
 *
 * @module
 */

const ROOT = new URL("../", import.meta.url);

/**
 * Writes a generated file, named by its path in the repository. With `--check` nothing is written, and
 * the process exits with 1 if the file differs.
 */
export function writeOrCheck(path: string, text: string, sources: string): void {
  const file = new URL(path, ROOT);
  if (!Deno.args.includes("--check")) {
    Deno.writeTextFileSync(file, text);
    console.log(`wrote ${path} from ${sources}`);
    return;
  }
  if (readIfExists(file) !== text) {
    console.error(`${path} is out of date with ${sources}: run \`deno task build\``);
    Deno.exit(1);
  }
  console.log(`${path} is up to date with ${sources}`);
}

function readIfExists(file: URL): string | undefined {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
