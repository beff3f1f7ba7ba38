// The contract of shared state in shared memory, and the tests of that backend.

import assert from "node:assert/strict";
import { ShmBackend } from "../../../../backends/state/mod.ts";
import { poke } from "../../../support/damage.ts";
import { inScratch } from "../../../support/scratch.ts";
import { testSharedBackend } from "../../../conformance/state/suite.ts";
import { makeScratchDirectory } from "../../../support/scratch.ts";

testSharedBackend({
  name: "shm",
  open(options) {
    const dir = makeScratchDirectory();
    let aheadMs = 0;
    const now = () => Date.now() + aheadMs;
    return Promise.resolve({
      backend: () => Promise.resolve(new ShmBackend({ ...options, dir, now })),
      advance: (ms) => {
        aheadMs += ms;
        return Promise.resolve();
      },
      [Symbol.asyncDispose]: async () => {
        assert.deepEqual([...Deno.readDirSync(dir)].map(({ name }) => name), []);
        await Deno.remove(dir);
      },
    });
  },
});

Deno.test("shm state: the state ends with its last backend, unless it is persistent", () =>
  inScratch(({ path: dir, names }) => {
    for (const persist of [false, true]) {
      const options = { dir, shmName: `persist-${persist}`, persist };
      new ShmBackend(options).closeSync();
      const first = new ShmBackend(options);
      first.bufferAppendSync("t", Uint8Array.of(1));
      first.registrySetSync("a", "u");
      first.closeSync();
      const second = new ShmBackend(options);
      assert.equal(second.bufferThreadLenSync("t"), persist ? 1 : 0);
      assert.equal(second.registryGetChainSync("u"), persist ? "a" : undefined);
      second.closeSync();
    }
    assert.ok(names().some((name) => name.includes("persist-true")));
    for (const name of names()) Deno.removeSync(`${dir}/${name}`);
    return Promise.resolve();
  }));

Deno.test("shm state: other limits for the same state are rejected", () =>
  inScratch(({ path: dir }) => {
    using one = new ShmBackendForTest({ dir, maxThreads: 5 });
    assert.throws(() => new ShmBackend({ dir, maxThreads: 6 }), /state/);
    assert.deepEqual(one.bufferListThreadsSync(), []);
    return Promise.resolve();
  }));

Deno.test("shm state: limits that are asked for replace defaults, in every order", () =>
  inScratch(({ path: dir }) => {
    using first = new ShmBackendForTest({ dir });
    using second = new ShmBackendForTest({ dir, maxThreads: 2 });
    using third = new ShmBackendForTest({ dir, maxSlotsPerThread: 1, ttlSeconds: 1000 });
    assert.throws(() => new ShmBackend({ dir, maxThreads: 3 }), /maxThreads is 2 there, not 3/);
    first.bufferAppendSync("a", Uint8Array.of(1));
    third.bufferAppendSync("b", Uint8Array.of(1));
    using late = new ShmBackendForTest({ dir, maxThreads: 2, ttlSeconds: 1000 });
    for (const backend of [first, second, third, late]) {
      assert.throws(() => backend.bufferAppendSync("a", Uint8Array.of(1)), /maxSlotsPerThread/);
      assert.throws(() => backend.bufferAppendSync("c", Uint8Array.of(1)), /maxThreads/);
    }
    return Promise.resolve();
  }));

Deno.test("shm state: a time to live is not set for entries that were to stay for ever", () =>
  inScratch(({ path: dir }) => {
    using first = new ShmBackendForTest({ dir });
    first.bufferAppendSync("a", Uint8Array.of(1));
    assert.throws(
      () => new ShmBackend({ dir, ttlSeconds: 10 }),
      /ttlSeconds is not set there, not 10; .* it holds 1 thread and 0 pairs/,
    );
    first.bufferClearSync();
    using second = new ShmBackendForTest({ dir, ttlSeconds: 10 });
    assert.deepEqual(second.bufferListThreadsSync(), []);
    return Promise.resolve();
  }));

Deno.test("shm state: deletion frees space, and the rest stays", () =>
  inScratch(({ path: dir }) => {
    using one = new ShmBackendForTest({ dir });
    using other = new ShmBackendForTest({ dir });
    const slot = new Uint8Array(10_000).fill(7);
    const kept = ["a", "b", "c"];
    for (const [i, name] of kept.entries()) {
      one.bufferAppendSync(name, Uint8Array.of(i, 1, 2, 3));
      one.bufferAppendSync(name, Uint8Array.of(i, 4, 5, 6));
    }
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 10; i++) one.bufferAppendSync("passing", slot);
      other.bufferDeleteThreadSync("passing");
    }
    const bytes = [...Deno.readDirSync(dir)].reduce(
      (sum, { name, isFile }) => sum + (isFile ? Deno.statSync(`${dir}/${name}`).size : 0),
      0,
    );
    assert.ok(bytes < 5_000_000, `${bytes} bytes for a state of a few`);
    using late = new ShmBackendForTest({ dir });
    assert.deepEqual(late.bufferListThreadsSync(), kept);
    for (const backend of [one, other, late]) {
      for (const [i, name] of kept.entries()) {
        assert.deepEqual(backend.bufferGetThreadSync(name), [
          Uint8Array.of(i, 1, 2, 3),
          Uint8Array.of(i, 4, 5, 6),
        ]);
      }
    }
    return Promise.resolve();
  }));

class ShmBackendForTest extends ShmBackend implements Disposable {
  [Symbol.dispose](): void {
    this.closeSync();
  }
}

Deno.test("shm state: a record that was overwritten is reported as damage", () =>
  inScratch(({ path: dir, names }) => {
    const writer = new ShmBackend({ dir, shmName: "damaged" });
    writer.registrySetSync("chain-of-the-record", "uuid");
    const generation = names().find((name) => name.endsWith("-00000001"))!;
    const path = `${dir}/${generation}`;
    const text = new TextDecoder("latin1").decode(Deno.readFileSync(path));
    poke(path, text.indexOf("chain-of-the-record") - 20, new Uint8Array(20).fill(0xc1));
    assert.throws(() => new ShmBackend({ dir, shmName: "damaged" }), {
      name: "ShmCorruptionError",
      message: /^a record of \d+ bytes in a journal of shared state is no write/,
    });
    writer.closeSync();
    return Promise.resolve();
  }));
