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
  "--enable",
  "simd",
  "--initialMemory",
  "1",
  "--maximumMemory",
  "65536",
];

/** Added for the build that calls its host at each failpoint. */
const WITH_FAILPOINTS = ["--use", "FAILPOINTS=1"];

/** The ring as WebAssembly: the module that is shipped, or the one that tests stop and kill. */
export async function compileRing(
  build: "shipped" | "failpoints" = "shipped",
): Promise<Uint8Array<ArrayBuffer>> {
  const options = build === "shipped" ? [] : WITH_FAILPOINTS;
  const outputs = await compile(["--outFile", "ring.wasm", ...options]);
  return outputs.get("ring.wasm") as Uint8Array<ArrayBuffer>;
}

/** The ring's exports, as members of a TypeScript interface, by the file that declares them. */
export async function describeExports(): Promise<string[]> {
  const outputs = await compile(["--outFile", "ring.wasm", "--bindings", "raw"]);
  const members = membersOf(outputs.get("ring.d.ts") as string);
  checkComplete(members, outputs.get("ring.wasm") as Uint8Array<ArrayBuffer>);
  return members;
}

/** Throws if an export was missed: the compiler may write its declarations in another way some day. */
function checkComplete(members: string[], binary: Uint8Array<ArrayBuffer>): void {
  const exports = WebAssembly.Module.exports(new WebAssembly.Module(binary));
  for (const { name, kind } of exports) {
    if (kind === "function" && !members.some((member) => member.startsWith(`${name}(`))) {
      throw new Error(`cannot describe the ring: its export ${name} has no declaration`);
    }
  }
}

/** The compiler declares each export below a comment that begins with the path of its file. */
const DECLARATION = /\/\*\*\s+\* (?<path>\S+)\/\w+\n[^]*?\*\/\s+export function (?<member>.*;)/g;

function membersOf(declarations: string): string[] {
  const members: string[] = [];
  let lastPath: string | undefined;
  for (const { groups } of declarations.matchAll(DECLARATION)) {
    const { path, member } = groups!;
    if (path !== lastPath) members.push(`// ${path}.ts`);
    members.push(member);
    lastPath = path;
  }
  return members;
}

async function compile(options: string[]): Promise<Map<string, Uint8Array | string>> {
  const outputs = new Map<string, Uint8Array | string>();
  const { error, stderr } = await asc.main(["assembly/ring.ts", ...OPTIONS, ...options], {
    readFile: readSource,
    writeFile: (name: string, contents: Uint8Array | string) => void outputs.set(name, contents),
  });
  if (error) throw new Error(`cannot compile the ring: ${error}\n${stderr}`);
  return outputs;
}

function readSource(name: string): string | null {
  try {
    return Deno.readTextFileSync(new URL(name, new URL("./", import.meta.url)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
