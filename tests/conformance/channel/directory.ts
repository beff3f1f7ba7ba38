// A segment directory of a test's own, which must be empty again at the end.

import assert from "node:assert/strict";
import { platform } from "../../../lib/platform/mod.ts";

const ROOT = exists("/dev/shm") ? "/dev/shm" : "/tmp";

// The C library is opened once a process: before the tests, so that none of them is blamed for it.
platform();

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

export class TestDirectory implements Disposable {
  readonly path: string;

  constructor() {
    this.path = Deno.makeTempDirSync({ dir: ROOT, prefix: "ringbus-test-" });
    Deno.chmodSync(this.path, 0o700);
  }

  /** Names of all files in it. */
  files(): string[] {
    return [...Deno.readDirSync(this.path)].map((entry) => entry.name).sort();
  }

  /** Path of a file in it. */
  file(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Removes a file that a test put there or left there on purpose. */
  discard(name: string): void {
    Deno.removeSync(this.file(name), { recursive: true });
  }

  [Symbol.dispose](): void {
    try {
      assert.deepEqual(this.files(), [], "files were left in the segment directory");
    } finally {
      Deno.removeSync(this.path, { recursive: true });
    }
  }
}
