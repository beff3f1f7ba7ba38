/**
 * Folders of their own for each part of a run: for temporary files, for scratch directories in shared memory, and for
 * segments whose program names no directory. What is in them afterwards was left behind.
 *
 * @module
 */

const SHARED_MEMORY = "/dev/shm";
const DEFAULT_TEMPORARY = "/tmp";
/** Other users' processes take part in some tests. */
const MODE = 0o755;
const PRIVATE_MODE = 0o700;

/** The folders of one part. */
export class RunFolders implements Disposable {
  readonly #temporary: string;
  readonly #scratch: string;
  readonly #segments: string;

  /** Makes them. Their names are short: some programs put sockets there, whose paths have a limit. */
  constructor(part: number) {
    const name = `ringbus-test-${Deno.pid}-${part}`;
    const parent = (Deno.env.get("TMPDIR") || DEFAULT_TEMPORARY).replace(/\/+$/, "");
    this.#temporary = makeFolder(`${parent}/${name}`, MODE);
    this.#scratch = Deno.build.os === "linux"
      ? makeFolder(`${SHARED_MEMORY}/${name}`, MODE)
      : this.#temporary;
    this.#segments = makeFolder(`${this.#scratch}/segments`, PRIVATE_MODE);
  }

  /** Variables that make programs use them. */
  get env(): Record<string, string> {
    return {
      TMPDIR: this.#temporary,
      RINGBUS_TEST_SCRATCH: this.#scratch,
      RINGBUS_DIR: this.#segments,
    };
  }

  /** Paths of what is left in them. */
  leftovers(): string[] {
    const folders = new Set([this.#temporary, this.#scratch, this.#segments]);
    return [...folders].flatMap(pathsIn).filter((path) => !folders.has(path));
  }

  /** Removes them, and what is left. */
  [Symbol.dispose](): void {
    for (const folder of new Set([this.#temporary, this.#scratch])) {
      Deno.removeSync(folder, { recursive: true });
    }
  }
}

/** An earlier process with our number may have left one of that name. */
function makeFolder(path: string, mode: number): string {
  try {
    Deno.mkdirSync(path, { mode });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    Deno.removeSync(path, { recursive: true });
    Deno.mkdirSync(path, { mode });
  }
  return path;
}

function pathsIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`).sort();
}
