/**
 * A file system with little space, mounted for one test.
 *
 * @module
 */

/** A small tmpfs. */
export interface SmallDisk {
  /** Where it is mounted; only its user may enter. */
  readonly path: string;
  /** Fills the free space, and returns a function that frees it again. */
  fill(): () => void;
  /** Names of the files on it. */
  names(): string[];
}

/** What keeps this machine from mounting; undefined if nothing does. */
export function whyNoMount(): string | undefined {
  if (Deno.build.os !== "linux") return "this is no Linux";
  if (Deno.uid() !== 0) return "only root mounts file systems";
  const dir = Deno.makeTempDirSync();
  try {
    const problem = mount(dir, "size=64k");
    if (problem === undefined) unmount(dir);
    return problem;
  } finally {
    Deno.removeSync(dir);
  }
}

/** Runs a test on a tmpfs with these mount options, and unmounts it in any case. */
export async function onSmallDisk(
  options: string,
  test: (disk: SmallDisk) => void | Promise<void>,
): Promise<void> {
  const path = Deno.makeTempDirSync({ prefix: "ringbus-test-disk-" });
  try {
    const problem = mount(path, options);
    if (problem !== undefined) throw new Error(problem);
    try {
      await test({ path, fill: () => fill(`${path}/.filler`), names: () => namesIn(path) });
    } finally {
      unmount(path);
    }
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

function mount(path: string, options: string): string | undefined {
  const args = ["-t", "tmpfs", "-o", `mode=700,${options}`, "tmpfs", path];
  const { success, stderr } = new Deno.Command("mount", { args }).outputSync();
  return success ? undefined : new TextDecoder().decode(stderr).trim();
}

/** Lazily: a test that failed may have left sockets open. */
function unmount(path: string): void {
  new Deno.Command("umount", { args: ["-l", path] }).outputSync();
}

function fill(path: string): () => void {
  using file = Deno.openSync(path, { write: true, create: true });
  const page = new Uint8Array(4096);
  try {
    while (true) file.writeSync(page);
  } catch (error) {
    if (!(error as Error).message.includes("os error 28")) throw error;
  }
  return () => Deno.removeSync(path);
}

function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}
