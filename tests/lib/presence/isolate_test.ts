// Whether an isolate is alive, and what removes the FIFO of one that has ended.

import assert from "node:assert/strict";
import {
  acquireIsolate,
  isIsolateAlive,
  Isolate,
  isolatePath,
  probeIsolate,
  releaseIsolate,
  removeDeadIsolate,
  removeUnlockedFifo,
} from "../../../lib/presence/isolate.ts";
import { newIsolateId } from "../../../lib/presence/isolate_id.ts";
import { ISOLATE_PREFIX, TEMPORARY_PREFIX } from "../../../lib/platform/directory.ts";
import { platform } from "../../../lib/platform/mod.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";

/** Of so many, each of which draws one of 16,384 ids, two draw the same in all but one run of 2,000. */
const MANY = 500;

/** Makes the FIFO of an isolate that has ended: no process holds its lock. */
function makeDeadIsolate(directory: string): bigint {
  const os = platform();
  const fifo = os.makeFifo(`${directory}/new`);
  const id = newIsolateId(os.statusOf(fifo).inode);
  os.rename(`${directory}/new`, isolatePath(directory, id));
  os.close(fifo);
  return id;
}

Deno.test("a query whether an isolate is alive removes nothing, the named action does", () => {
  using directory = new TestDirectory();
  const { path } = directory;
  const id = makeDeadIsolate(path);
  const before = directory.files();
  assert.equal(before.length, 1);
  assert.equal(isIsolateAlive(path, id), false);
  assert.equal(probeIsolate(path, id), false);
  assert.deepEqual(directory.files(), before);
  removeDeadIsolate(path, id);
  assert.deepEqual(directory.files(), []);
  assert.equal(isIsolateAlive(path, id), false);
  removeDeadIsolate(path, id);
});

Deno.test("the FIFO of a live isolate stays", () => {
  using directory = new TestDirectory();
  const { path } = directory;
  const isolate = acquireIsolate(path);
  try {
    assert.equal(isIsolateAlive(path, isolate.id), true);
    assert.equal(probeIsolate(path, isolate.id), true);
    removeDeadIsolate(path, isolate.id);
    removeUnlockedFifo(isolatePath(path, isolate.id));
    assert.equal(directory.files().length, 1);
  } finally {
    releaseIsolate(isolate);
  }
});

Deno.test("a probe of an invalid id returns undefined", () => {
  using directory = new TestDirectory();
  assert.equal(probeIsolate(directory.path, 12345n), undefined);
});

Deno.test("isolates of one thread never share an id, however many there are", () => {
  using directory = new TestDirectory();
  const isolates = Array.from({ length: MANY }, () => new Isolate(directory.path));
  try {
    assert.equal(new Set(isolates.map(({ id }) => id)).size, MANY);
    assert.equal(directory.files().length, MANY);
    for (const { id } of isolates) assert.ok(isolates[0].isAlive(id));
  } finally {
    for (const isolate of isolates) isolate.close();
  }
});

Deno.test("others never find the name of a live isolate's FIFO missing while it is made again", () => {
  using directory = new TestDirectory();
  const { path } = directory;
  const os = platform();
  const isolate = acquireIsolate(path);
  try {
    const name = isolatePath(path, isolate.id);
    const unfinished = name.replace(ISOLATE_PREFIX, TEMPORARY_PREFIX);
    os.close(os.makeFifo(`${path}/copy`));
    os.rename(`${path}/copy`, name);
    const copy = os.status(name).inode;
    // The new FIFO cannot be made: the copy keeps the name.
    os.close(os.makeFifo(unfinished));
    isolate.check();
    assert.equal(os.status(name).inode, copy);
    os.unlink(unfinished);
    isolate.check();
    assert.notEqual(os.status(name).inode, copy);
    assert.equal(probeIsolate(path, isolate.id), true);
  } finally {
    releaseIsolate(isolate);
  }
});

Deno.test("a FIFO that is removed long after the directory has changed is made again", () => {
  using directory = new TestDirectory();
  const { path } = directory;
  const isolate = acquireIsolate(path);
  let checks = 0;
  const check = () => void checks++;
  isolate.addCheck(check);
  try {
    const hourAgo = new Date(Date.now() - 3_600_000);
    Deno.utimeSync(path, hourAgo, hourAgo);
    for (let i = 0; i < 3; i++) isolate.check();
    assert.equal(checks, 1, "nothing has changed since the first check");
    platform().unlink(isolatePath(path, isolate.id));
    isolate.check();
    assert.equal(checks, 2);
    assert.equal(directory.files().length, 1);
  } finally {
    isolate.removeCheck(check);
    releaseIsolate(isolate);
  }
});
