/**
 * Opens a socket and a state while this process has a given number of descriptors left, and prints what
 * became of them. Then it removes what is stale.
 *
 * @module
 */

import { Pusher, removeStale } from "../../../mod.ts";
import { ShmBackend } from "../../../backends/state/mod.ts";

const [dir, left] = Deno.args;

/** Opens files until the limit is reached, and closes the last ones. */
function useUpDescriptors(): void {
  const files: Deno.FsFile[] = [];
  try {
    while (true) files.push(Deno.openSync("/dev/null"));
  } catch {
    for (const file of files.splice(files.length - Number(left))) file.close();
  }
}

function attempt(open: () => unknown): string {
  try {
    open();
    return "opened";
  } catch (error) {
    return (error as Error).name;
  }
}

useUpDescriptors();
const value = [
  attempt(() => new Pusher("work", { dir })),
  attempt(() => new ShmBackend({ dir }).registrySetSync("a", "b")),
  attempt(() => removeStale({ dir })),
];
console.log(JSON.stringify({ value }));
Deno.exit(0);
