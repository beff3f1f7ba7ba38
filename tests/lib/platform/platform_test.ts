// The system calls behind shared segments.

import assert from "node:assert/strict";
import { ShmUnsupportedError } from "../../../mod.ts";
import { openPlatform, platform } from "../../../lib/platform/mod.ts";
import { SystemError } from "../../../lib/platform/system_error.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";

const os = platform();

function hasCode(code: string): (error: Error) => boolean {
  return (error) => error instanceof SystemError && error.errno === code;
}

/** A new file of some bytes, open. */
function openFile(
  directory: TestDirectory,
  name: string,
  bytes: number,
): Disposable & { fd: number } {
  const fd = os.create(directory.file(name));
  os.reserve(fd, 0, bytes);
  return {
    fd,
    [Symbol.dispose]() {
      os.close(fd);
      directory.discard(name);
    },
  };
}

Deno.test("on an unsupported platform the error names alternatives", () => {
  for (const name of ["windows", "freebsd", "aix"]) {
    assert.throws(
      () => openPlatform(name),
      (error: Error) =>
        error instanceof ShmUnsupportedError && error.message.includes(name) &&
        /LocalChannel/.test(error.message) && /embedded server/.test(error.message),
    );
  }
});

Deno.test("the platform is opened once", () => {
  assert.equal(platform(), os);
  assert.equal(os.uid, Deno.uid());
  assert.match(os.defaultDirectory(), new RegExp(`ringbus-${Deno.uid()}$`));
});

Deno.test("an error names the failed call and its code", () => {
  using directory = new TestDirectory();
  const missing = directory.file("missing");
  assert.throws(() => os.open(missing), hasCode("ENOENT"));
  assert.throws(() => os.unlink(missing), hasCode("ENOENT"));
  assert.throws(() => os.status(missing), hasCode("ENOENT"));
  assert.throws(() => os.list(missing), hasCode("ENOENT"));
  assert.throws(() => os.link(missing, directory.file("x")), hasCode("ENOENT"));
  assert.throws(() => os.rename(missing, directory.file("x")), hasCode("ENOENT"));
  assert.throws(() => os.makeDirectory(directory.path), hasCode("EEXIST"));
  assert.throws(() => os.openFifoToRing(missing), hasCode("ENOENT"));
  assert.throws(() => os.statusOf(-1), hasCode("EBADF"));
  assert.throws(() => os.read(-1, new Uint8Array(1), 0), hasCode("EBADF"));
  assert.throws(() => os.reserve(-1, 0, 10), SystemError);
  assert.throws(() => os.map(new Uint8Array(1), -1, 0), SystemError);
  assert.throws(() => os.open(missing), { message: new RegExp(`^open ${missing} failed with`) });
});

Deno.test("a code without a name is shown as its number", () => {
  using directory = new TestDirectory();
  const name = directory.file("x".repeat(300));
  assert.throws(() => os.open(name), hasCode("ENAMETOOLONG"));
});

Deno.test("files are created, described and read", () => {
  using directory = new TestDirectory();
  using file = openFile(directory, "a", 5000);
  const status = os.statusOf(file.fd);
  assert.equal(status.type, "file");
  assert.equal(status.size, 5000);
  assert.equal(status.uid, os.uid);
  assert.equal(status.mode, 0o600);
  assert.equal(status.links, 1);
  assert.ok(Math.abs(status.modifiedAtMs - Date.now()) < 60_000);
  assert.deepEqual(os.status(directory.file("a")), status);
  assert.throws(() => os.create(directory.file("a")), hasCode("EEXIST"));
  Deno.writeTextFileSync(directory.file("a"), "hello");
  const bytes = new Uint8Array(3);
  assert.equal(os.read(file.fd, bytes, 1), 3);
  assert.equal(new TextDecoder().decode(bytes), "ell");
  assert.equal(os.read(file.fd, bytes, 100), 0);
});

Deno.test("files and directories are written to the disk, at once or in a thread", async () => {
  using directory = new TestDirectory();
  using _file = openFile(directory, "file", 4096);
  for (const path of [directory.file("file"), directory.path]) {
    os.sync(path);
    await os.syncLater(path);
  }
  assert.throws(() => os.sync(directory.file("none")), hasCode("ENOENT"));
  await assert.rejects(os.syncLater(directory.file("none")), hasCode("ENOENT"));
  // Some files have no disk.
  assert.throws(() => os.sync("/dev/null"), SystemError);
  await assert.rejects(os.syncLater("/dev/null"), hasCode("EIO"));
});

Deno.test("types of files are distinguished, and links are not followed", () => {
  using directory = new TestDirectory();
  Deno.symlinkSync("/", directory.file("link"));
  Deno.mkdirSync(directory.file("folder"));
  const fifo = os.makeFifo(directory.file("fifo"));
  assert.equal(os.status(directory.file("link")).type, "link");
  assert.equal(os.status(directory.file("folder")).type, "directory");
  assert.equal(os.status(directory.file("fifo")).type, "fifo");
  assert.equal(os.status("/dev/null").type, "other");
  assert.throws(() => os.open(directory.file("link")), hasCode("ELOOP"));
  os.close(fifo);
  for (const name of directory.files()) directory.discard(name);
});

Deno.test("a directory of many files is listed completely", () => {
  using directory = new TestDirectory();
  const names = Array.from({ length: 1500 }, (_, i) => `${i}-${"long".repeat(10)}-é`).sort();
  for (const name of names) Deno.writeTextFileSync(directory.file(name), "");
  const listed = os.list(directory.path).filter((name) => name !== "." && name !== "..");
  assert.deepEqual(listed.sort(), names);
  for (const name of names) directory.discard(name);
});

Deno.test("an exclusive lock excludes all others, a shared one only exclusive ones", () => {
  using directory = new TestDirectory();
  using first = openFile(directory, "a", 10);
  const second = os.open(directory.file("a"));
  assert.equal(os.lock(first.fd, "shared"), true);
  assert.equal(os.lock(second, "shared"), true);
  assert.equal(os.lock(second, "exclusive"), false);
  os.unlock(first.fd);
  assert.equal(os.lock(second, "exclusive"), true);
  assert.equal(os.lock(first.fd, "shared"), false);
  os.close(second);
  assert.equal(os.lock(first.fd, "exclusive"), true);
});

Deno.test("shares of a file exclude nothing, and are visible to other descriptors only", () => {
  using directory = new TestDirectory();
  using first = openFile(directory, "a", 10);
  const second = os.open(directory.file("a"));
  assert.deepEqual([first.fd, second].map((fd) => os.isSharedByOthers(fd)), [false, false]);
  os.share(first.fd);
  assert.deepEqual([first.fd, second].map((fd) => os.isSharedByOthers(fd)), [false, true]);
  os.share(second);
  assert.deepEqual([first.fd, second].map((fd) => os.isSharedByOthers(fd)), [true, true]);
  os.unshare(first.fd);
  assert.deepEqual([first.fd, second].map((fd) => os.isSharedByOthers(fd)), [true, false]);
  os.close(second);
  assert.equal(os.isSharedByOthers(first.fd), false);
});

Deno.test("who marks a descriptor as read has no share of the file", () => {
  using directory = new TestDirectory();
  using first = openFile(directory, "a", 10);
  const reader = os.openReadOnly(directory.file("a"));
  os.markReader(reader);
  assert.deepEqual([first.fd, reader].map((fd) => os.isSharedByOthers(fd)), [false, false]);
  os.share(first.fd);
  assert.deepEqual([first.fd, reader].map((fd) => os.isSharedByOthers(fd)), [false, true]);
  os.close(reader);
});

Deno.test("a file is renamed only to a name that is free", () => {
  using directory = new TestDirectory();
  Deno.writeTextFileSync(directory.file("a"), "a");
  Deno.writeTextFileSync(directory.file("b"), "b");
  const rename = (from: string, to: string) =>
    os.renameNew(directory.file(from), directory.file(to));
  assert.throws(() => rename("a", "b"), hasCode("EEXIST"));
  assert.throws(() => rename("missing", "c"), hasCode("ENOENT"));
  rename("a", "c");
  assert.equal(Deno.readTextFileSync(directory.file("b")), "b");
  assert.equal(Deno.readTextFileSync(directory.file("c")), "a");
  directory.discard("b");
  directory.discard("c");
});

Deno.test("two mappings of a file are one memory, until one is unmapped", () => {
  using directory = new TestDirectory();
  using file = openFile(directory, "a", 65536);
  const [one, two] = [0, 1].map(() => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    return new Uint8Array(memory.buffer as unknown as ArrayBuffer);
  });
  os.map(one, file.fd, 0);
  os.map(two, file.fd, 0);
  one[5] = 77;
  assert.equal(two[5], 77);
  os.unmap(one);
  assert.equal(one[5], 0);
  one[6] = 1;
  assert.equal(two[6], 0);
  os.unmap(two);
});

Deno.test("a FIFO rings while it has a reader", () => {
  using directory = new TestDirectory();
  const path = directory.file("fifo");
  const reader = os.makeFifo(path);
  const bell = os.openFifoToRing(path);
  // A full FIFO counts as rung.
  for (let i = 0; i < 70_000; i++) assert.equal(os.ring(bell), true);
  os.close(reader);
  assert.equal(os.ring(bell), false);
  os.close(bell);
  assert.throws(() => os.openFifoToRing(path), hasCode("ENXIO"));
  directory.discard("fifo");
});

Deno.test("a sleep on a word ends at the timeout, and at once for another value", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const word = new Uint32Array(memory.buffer as unknown as ArrayBuffer, 0, 1);
  const start = performance.now();
  os.sleep(word, 1, 5000, -1);
  assert.ok(performance.now() - start < 1000);
  const between = performance.now();
  os.sleep(word, 0, 20, -1);
  const slept = performance.now() - between;
  assert.ok(slept >= 15 && slept < 2000, `${slept} ms`);
  os.wake(word);
});

Deno.test("environment variables are read without a permission", () => {
  Deno.env.set("RINGBUS_TEST_VALUE", "wért");
  assert.equal(os.environment("RINGBUS_TEST_VALUE"), "wért");
  Deno.env.set("RINGBUS_TEST_VALUE", "");
  assert.equal(os.environment("RINGBUS_TEST_VALUE"), "");
  Deno.env.delete("RINGBUS_TEST_VALUE");
  assert.equal(os.environment("RINGBUS_TEST_VALUE"), undefined);
});
