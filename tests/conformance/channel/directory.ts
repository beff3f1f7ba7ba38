// A segment directory of a test's own, which must be empty again at the end.

import assert from "node:assert/strict";
import { makeScratchDirectory } from "../../support/scratch.ts";

export class TestDirectory implements Disposable {
  readonly path: string;

  constructor() {
    this.path = makeScratchDirectory();
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
    leftovers.push(...this.files().map((name) => this.file(name)));
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** What the directories of the current test held at their end. */
const leftovers: string[] = [];

// A disposer that throws would hide the error of a test that failed before: Deno prints that error alone.
Deno.test.afterEach(() => {
  assert.deepEqual(leftovers.splice(0), [], "files were left in the segment directory");
});
