import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { bytes, type StateTransport, testState } from "./transport.ts";
import { assertProperty } from "../../support/property.ts";

/** Context buffers: all readers see the slots in their order. */
export function testBuffers(transport: StateTransport): void {
  testState(transport, "slots have indices from 0, and keep their order", async (one, other) => {
    assert.equal(await one.bufferAppend("t", bytes(1)), 0);
    assert.equal(await other.bufferAppend("t", bytes(2, 2)), 1);
    assert.equal(await one.bufferAppend("t", bytes()), 2);
    assert.deepEqual(await other.bufferGetThread("t"), [bytes(1), bytes(2, 2), bytes()]);
    assert.deepEqual(await one.bufferGetSlot("t", 1), bytes(2, 2));
    assert.equal(await one.bufferThreadLen("t"), 3);
  });

  testState(transport, "a missing thread or slot is empty or undefined", async (backend) => {
    assert.deepEqual(await backend.bufferGetThread("t"), []);
    assert.equal(await backend.bufferGetSlot("t", 0), undefined);
    assert.equal(await backend.bufferThreadLen("t"), 0);
    assert.equal(await backend.bufferThreadExists("t"), false);
    assert.equal(await backend.bufferDeleteThread("t"), false);
    assert.deepEqual(await backend.bufferListThreads(), []);
    await backend.bufferAppend("t", bytes(1));
    assert.equal(await backend.bufferGetSlot("t", 1), undefined);
    assert.equal(await backend.bufferGetSlot("t", Number.MAX_SAFE_INTEGER), undefined);
  });

  testState(
    transport,
    "a deleted thread is gone for all, and a new one is empty",
    async (one, other) => {
      await one.bufferAppend("t", bytes(1));
      await one.bufferAppend("u", bytes(2));
      assert.equal(await other.bufferDeleteThread("t"), true);
      assert.equal(await one.bufferThreadExists("t"), false);
      assert.equal(await one.bufferDeleteThread("t"), false);
      assert.deepEqual(await one.bufferListThreads(), ["u"]);
      assert.equal(await one.bufferAppend("t", bytes(3)), 0);
      assert.deepEqual((await other.bufferListThreads()).sort(), ["t", "u"]);
    },
  );

  testState(transport, "clearing the buffers does not change the registry", async (one, other) => {
    await one.bufferAppend("t", bytes(1));
    await one.registrySet("a.b", "u1");
    await other.bufferClear();
    assert.deepEqual(await one.bufferListThreads(), []);
    assert.equal(await one.registryGetUuid("a.b"), "u1");
  });

  testState(
    transport,
    "a slot is a copy: changes of the caller's bytes do not affect it",
    async (one, other) => {
      const slot = bytes(1, 2, 3);
      await one.bufferAppend("t", slot);
      slot.fill(9);
      (await one.bufferGetThread("t"))[0].fill(8);
      (await one.bufferGetSlot("t", 0))!.fill(7);
      assert.deepEqual(await other.bufferGetSlot("t", 0), bytes(1, 2, 3));
    },
  );

  testState(
    transport,
    "a view of a larger buffer is stored without the rest",
    async (one, other) => {
      const buffer = bytes(0, 1, 2, 3, 4, 5);
      await one.bufferAppend("t", buffer.subarray(2, 4));
      assert.deepEqual(await other.bufferGetThread("t"), [bytes(2, 3)]);
    },
  );

  testState(transport, "a slot of 10 MB is returned unchanged", async (one, other) => {
    const slot = new Uint8Array(10_000_000).map((_, i) => i * 31 + (i >> 9));
    await one.bufferAppend("t", slot);
    assert.equal(Buffer.compare(slot, (await other.bufferGetSlot("t", 0))!), 0);
  });

  testState(
    transport,
    "random bytes under random ids are returned unchanged",
    async (one, other) => {
      const id = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 })
        // deno-lint-ignore no-control-regex
        .filter((text) => !/[\u0000-\u001f\u007f-\u009f]/.test(text));
      const slots = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 5 });
      await assertProperty(
        fc.asyncProperty(id, slots, async (threadId, written) => {
          await one.bufferDeleteThread(threadId);
          for (const slot of written) await one.bufferAppend(threadId, slot);
          const read = await other.bufferGetThread(threadId);
          assert.deepEqual(read.map((slot) => [...slot]), written.map((slot) => [...slot]));
          await one.bufferDeleteThread(threadId);
        }),
        { numRuns: 40 },
      );
    },
  );

  testState(transport, "appends at the same time get an index each", async (one, other) => {
    const appends = Array.from(
      { length: 200 },
      (_, i) => (i % 2 === 0 ? one : other).bufferAppend("t", bytes(i)),
    );
    const indices = await Promise.all(appends);
    assert.deepEqual(indices.toSorted((a, b) => a - b), Array.from({ length: 200 }, (_, i) => i));
    const slots = await one.bufferGetThread("t");
    for (const [i, index] of indices.entries()) assert.deepEqual(slots[index], bytes(i));
  });
}
