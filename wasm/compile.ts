/**
 * The compiler of the ring.
 *
 * @module
 */

import asc from "assemblyscript/asc";

/** Compiler options: the memory comes from outside, is shared, and may have any size. */
const OPTIONS = [
  "-O3",
  "--converge",
  "--noAssert",
  "--runtime",
  "stub",
  "--importMemory",
  "--sharedMemory",
  "--enable",
  "threads",
  "--initialMemory",
  "1",
  "--maximumMemory",
  "65536",
];

/** Added for the build that asks its host at each failpoint. */
const WITH_FAILPOINTS = ["--use", "FAILPOINTS=1"];

/** The ring as WebAssembly: the module that is shipped, or the one that tests stop and kill. */
export async function compileRing(
  build: "shipped" | "failpoints" = "shipped",
): Promise<Uint8Array<ArrayBuffer>> {
  const options = build === "shipped" ? OPTIONS : [...OPTIONS, ...WITH_FAILPOINTS];
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(
    ["assembly/ring.ts", "--outFile", "ring.wasm", ...options],
    {
      readFile: readSource,
      writeFile: (name: string, contents: Uint8Array | string) => {
        if (name === "ring.wasm" && typeof contents !== "string") {
          binary = contents as Uint8Array<ArrayBuffer>;
        }
      },
    },
  );
  if (error || !binary) throw new Error(`cannot compile the ring: ${error}\n${stderr}`);
  return binary;
}

function readSource(name: string): string | null {
  try {
    return Deno.readTextFileSync(new URL(name, new URL("./", import.meta.url)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
