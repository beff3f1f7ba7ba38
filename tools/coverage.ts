/**
 * Says what the tests with `--coverage=.coverage` have covered, and fails below 90%.
 *
 * @module
 */

const FOLDER = ".coverage";
const LIB = new URL("../lib/", import.meta.url).href;

/** Removes the counts that a process was killed in the middle of: tests kill some on purpose. */
function removeTornFiles(): void {
  for (const { name } of Deno.readDirSync(FOLDER)) {
    const path = `${FOLDER}/${name}`;
    if (name.endsWith(".json") && !isJson(Deno.readTextFileSync(path))) Deno.removeSync(path);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

removeTornFiles();
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["coverage", FOLDER, `--include=^${LIB}`, "--exclude=macos.ts", "--threshold=90"],
}).spawn().status;
Deno.exitCode = code;
