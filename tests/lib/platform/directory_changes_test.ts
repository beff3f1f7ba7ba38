// A process asks the kernel for the names of its files only after the directory has changed.

import assert from "node:assert/strict";
import { DirectoryChanges } from "../../../lib/platform/directory_changes.ts";
import { platform } from "../../../lib/platform/mod.ts";

platform();
const LONG_AGO = new Date(Date.now() - 3_600_000);

/** Whether the names are looked at. */
function isLookedAt(changes: DirectoryChanges): boolean {
  let looked = false;
  changes.look(() => looked = true);
  return looked;
}

/** A directory that has not changed for an hour, and whose names were looked at since. */
function settled(path: string): DirectoryChanges {
  Deno.utimeSync(path, LONG_AGO, LONG_AGO);
  const changes = new DirectoryChanges(path);
  assert.equal(isLookedAt(changes), true);
  assert.equal(isLookedAt(changes), false);
  return changes;
}

const CHANGES: Record<string, (path: string) => void> = {
  "a new file": (path) => Deno.writeTextFileSync(`${path}/new`, ""),
  "a removed file": (path) => Deno.removeSync(`${path}/old`),
  "a renamed file": (path) => Deno.renameSync(`${path}/old`, `${path}/other`),
  "a file that another one replaces": (path) =>
    Deno.renameSync(`${path}/inner/spare`, `${path}/old`),
  "another directory at its path": (path) => {
    Deno.renameSync(path, `${path}.moved`);
    Deno.mkdirSync(path);
    Deno.utimeSync(path, LONG_AGO, LONG_AGO);
  },
};

/** Passes a folder with a directory on, and removes both. */
function withDirectory(test: (directory: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "ringbus-test-changes-" });
  try {
    Deno.mkdirSync(`${folder}/watched/inner`, { recursive: true });
    for (const name of ["old", "inner/spare"]) {
      Deno.writeTextFileSync(`${folder}/watched/${name}`, "");
    }
    test(`${folder}/watched`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`the names in a directory are looked at after a change: ${what}`, () =>
    withDirectory((directory) => {
      const changes = settled(directory);
      change(directory);
      assert.equal(isLookedAt(changes), true);
    }));
}

Deno.test("the names are looked at again while a change is recent", () =>
  withDirectory((directory) => {
    const changes = settled(directory);
    const { now } = Date;
    try {
      for (const ageMs of [-1000, 0, 1000]) {
        Deno.utimeSync(directory, LONG_AGO, new Date(LONG_AGO.getTime() + 1));
        Date.now = () => LONG_AGO.getTime() + 1 + ageMs;
        for (let i = 0; i < 3; i++) assert.equal(isLookedAt(changes), true);
      }
    } finally {
      Date.now = now;
    }
    assert.equal(isLookedAt(changes), true);
    assert.equal(isLookedAt(changes), false);
  }));

Deno.test("the names are looked at again after a look that failed", () =>
  withDirectory((directory) => {
    const changes = settled(directory);
    Deno.utimeSync(directory, LONG_AGO, new Date(LONG_AGO.getTime() + 1));
    const fail = () => {
      throw new Error("no descriptor is left");
    };
    assert.throws(() => changes.look(fail));
    assert.equal(isLookedAt(changes), true);
    assert.equal(isLookedAt(changes), false);
  }));

Deno.test("the names are looked at while the directory is missing, or a link leads to it", () =>
  withDirectory((directory) => {
    const changes = settled(directory);
    Deno.renameSync(directory, `${directory}.moved`);
    for (let i = 0; i < 3; i++) assert.equal(isLookedAt(changes), true);
    Deno.symlinkSync(`${directory}.moved`, directory);
    const { now } = Date;
    try {
      // A day later, so that the link is as old as a directory that has settled.
      Date.now = () => now() + 86_400_000;
      for (let i = 0; i < 3; i++) assert.equal(isLookedAt(changes), true);
    } finally {
      Date.now = now;
    }
  }));
