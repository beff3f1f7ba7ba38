// Journals that killed processes left under names that nobody opens again: the next process collects those
// that hold nothing, or only what has expired.

import assert from "node:assert/strict";
import { Publisher, removeStale, ShmMessagingBackend } from "../../../mod.ts";
import { ShmBackend } from "../../../backends/state/mod.ts";
import * as layout from "../../../lib/segment/journal_layout.ts";
import { until } from "../../support/deadline.ts";
import { inScratch } from "../../support/scratch.ts";

const MODULES = `
  import { GemstoneGenerator, Message, Publisher, ShmMessagingBackend } from
    "${new URL("../../../mod.ts", import.meta.url)}";
  import { ShmBackend } from "${new URL("../../../backends/state/mod.ts", import.meta.url)}";`;

async function runCode(code: string): Promise<void> {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", `${MODULES}\n${code}`],
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
}

/** A process runs code with a backend, and is killed. */
function leave(dir: string, backend: "messaging" | "state", code: string): Promise<void> {
  const open = backend === "messaging"
    ? `new ShmMessagingBackend({ name: "left", dir: "${dir}" })`
    : `new ShmBackend({ shmName: "left", dir: "${dir}" })`;
  return runCode(`
    const backend = ${open};
    const message = (fields) => new Message({
      idObj: new GemstoneGenerator(1).getId(),
      sender: { id: "s", name: "S" },
      topics: "t",
      payload: { text: "x" },
      ...fields,
    });
    ${code};
    Deno.kill(Deno.pid, "SIGKILL");`);
}

/** Another process opens a channel, which collects. */
function visit(dir: string): Promise<void> {
  return runCode(`new Publisher("visitor", { dir: "${dir}" }).close();`);
}

/** The files of the journal. */
function filesOf(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name)
    .filter((name) => name === "left" || name.startsWith(".journal-left"));
}

const EMPTY: [string, "messaging" | "state", string][] = [
  ["from which a process only read", "messaging", `await backend.get("k")`],
  ["to which a process only subscribed", "messaging", `await backend.subscribe("t", () => {})`],
  ["with published values alone", "messaging", `await backend.publish("t", 1)`],
  ["of state from which a process only read", "state", `await backend.bufferThreadLen("a")`],
  [
    "of state that was deleted",
    "state",
    `await backend.bufferAppend("a", Uint8Array.of(1)); await backend.bufferDeleteThread("a")`,
  ],
];

for (const [what, backend, code] of EMPTY) {
  Deno.test(`a journal ${what} is collected`, () =>
    inScratch(async ({ path: dir }) => {
      await leave(dir, backend, code);
      assert.notDeepEqual(filesOf(dir), []);
      await visit(dir);
      assert.deepEqual(filesOf(dir), []);
    }));
}

const HELD: [string, "messaging" | "state", string][] = [
  ["a message", "messaging", `await backend.storeMessage("n", "t", message({}))`],
  ["a key", "messaging", `await backend.set("k", 1)`],
  ["a hash", "messaging", `await backend.hset("k", "f", 1)`],
  ["a set", "messaging", `await backend.sadd("k", 1)`],
  [
    "a message that has not expired",
    "messaging",
    `await backend.storeMessage("n", "t", message({}), { ttlSeconds: 100 })`,
  ],
  ["a thread", "state", `await backend.bufferAppend("a", Uint8Array.of(1))`],
  [
    "one of two threads",
    "state",
    `await backend.bufferAppend("a", Uint8Array.of(1)); await backend.bufferAppend("b", Uint8Array.of(1));
     await backend.bufferDeleteThread("a")`,
  ],
];

for (const [what, backend, code] of HELD) {
  Deno.test(`a journal with ${what} is kept, until removeStale is called`, () =>
    inScratch(async ({ path: dir }) => {
      await leave(dir, backend, code);
      await visit(dir);
      assert.notDeepEqual(filesOf(dir), []);
      assert.deepEqual(removeStale({ dir }), ["left"]);
      assert.deepEqual(filesOf(dir), []);
    }));
}

Deno.test("a journal whose entries have expired is collected", () =>
  inScratch(async ({ path: dir }) => {
    await leave(
      dir,
      "messaging",
      `await backend.storeMessage("n", "t", message({}), { ttlSeconds: 0.5 });
       await backend.set("k", 1, { ex: 0.5 })`,
    );
    await visit(dir);
    assert.notDeepEqual(filesOf(dir), []);
    await until(async () => {
      await visit(dir);
      return filesOf(dir).length === 0;
    }, "the collection");
  }));

Deno.test("a compacted journal knows how long its entries are held", () =>
  inScratch(async ({ path: dir }) => {
    const fill =
      `for (let i = 0; i < 800; i++) await backend.set("k", "x".repeat(4096), { ex: 100 });`;
    await leave(dir, "messaging", `${fill} await backend.set("k", 1, { ex: 0.1 });`);
    assert.ok(filesOf(dir).some((name) => /-0000000[2-9]$/.test(name)), "it was not compacted");
    await visit(dir);
    // The snapshot had a key for 100 seconds.
    assert.notDeepEqual(filesOf(dir), []);
    await using backend = new ShmMessagingBackend({ name: "left", dir });
    await until(async () => await backend.get("k") === null, "the expiry");
  }));

for (
  const [what, offset] of [
    ["the time until which it holds data", layout.GENERATION_HELD_UNTIL],
    ["the magic number", layout.GENERATION_MAGIC],
    ["its id", layout.GENERATION_ID],
  ] as const
) {
  Deno.test(`a journal is kept if ${what} was overwritten`, () =>
    inScratch(async ({ path: dir }) => {
      await leave(dir, "messaging", `await backend.set("k", 1)`);
      const name = filesOf(dir).find((each) => each.endsWith("-00000001"))!;
      using file = Deno.openSync(`${dir}/${name}`, { read: true, write: true });
      file.seekSync(offset, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(4).fill(1));
      await visit(dir);
      assert.notDeepEqual(filesOf(dir), []);
      removeStale({ dir, includeNonEmpty: true });
    }));
}

Deno.test("a journal that is in use is not collected", () =>
  inScratch(async ({ path: dir }) => {
    await using state = new ShmBackend({ shmName: "left", dir });
    await visit(dir);
    await state.bufferAppend("a", Uint8Array.of(1));
    await visit(dir);
    assert.deepEqual(await state.bufferGetSlot("a", 0), Uint8Array.of(1));
    new Publisher("visitor", { dir }).close();
    assert.ok(filesOf(dir).includes("left"));
  }));

Deno.test("what a later member adds is held, although an earlier record left nothing", () =>
  inScratch(async ({ path: dir }) => {
    await leave(
      dir,
      "state",
      `await backend.bufferAppend("a", Uint8Array.of(1)); await backend.bufferDeleteThread("a")`,
    );
    await leave(dir, "state", `await backend.bufferAppend("b", Uint8Array.of(2))`);
    await visit(dir);
    await using state = new ShmBackend({ shmName: "left", dir });
    assert.deepEqual(await state.bufferGetSlot("b", 0), Uint8Array.of(2));
  }));
