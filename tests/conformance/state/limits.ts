import assert from "node:assert/strict";
import { SharedBackendClosedError, SharedBackendLimitError } from "../../../backends/state/mod.ts";
import { bytes, type StateTransport, testState } from "./transport.ts";

const SMALL = { maxSlotsPerThread: 3, maxThreads: 2 };

/** Limits, invalid arguments, and closing. */
export function testLimits(transport: StateTransport): void {
  testState(
    transport,
    "a thread at its limit rejects a slot, and loses none",
    async (one, other) => {
      for (let i = 0; i < 3; i++) await one.bufferAppend("t", bytes(i));
      await assert.rejects(other.bufferAppend("t", bytes(3)), isLimit(3));
      assert.deepEqual(await one.bufferGetThread("t"), [bytes(0), bytes(1), bytes(2)]);
      await one.bufferDeleteThread("t");
      assert.equal(await other.bufferAppend("t", bytes(4)), 0);
    },
    SMALL,
  );

  testState(transport, "one thread too many is rejected, and none is lost", async (one, other) => {
    await one.bufferAppend("a", bytes(1));
    await one.bufferAppend("b", bytes(1));
    await assert.rejects(other.bufferAppend("c", bytes(1)), isLimit(2));
    assert.equal(await other.bufferAppend("b", bytes(2)), 1);
    assert.deepEqual((await one.bufferListThreads()).sort(), ["a", "b"]);
    await one.bufferDeleteThread("a");
    assert.equal(await other.bufferAppend("c", bytes(1)), 0);
    await one.bufferClear();
    await one.bufferAppend("d", bytes(1));
    await one.bufferAppend("e", bytes(1));
  }, SMALL);

  testState(transport, "invalid names are rejected with their kind", async (backend) => {
    for (const name of ["", "a\nb", "\u0000", "\u007f", "x".repeat(1025), "\ud800", 5, null]) {
      const bad = name as string;
      await assert.rejects(backend.bufferAppend(bad, bytes(1)), isTypeError(/threadId/));
      await assert.rejects(backend.bufferGetThread(bad), isTypeError(/threadId/));
      await assert.rejects(backend.registrySet(bad, "u"), isTypeError(/chain/));
      await assert.rejects(backend.registrySet("c", bad), isTypeError(/uuid/));
      await assert.rejects(backend.registryDelete(bad), isTypeError(/uuid/));
    }
    assert.deepEqual(await backend.registryListAll(), {});
    await backend.bufferAppend("x".repeat(1024), bytes(1));
  });

  testState(transport, "arguments too many are rejected", async (backend) => {
    const calls: Record<string, unknown[]> = {
      bufferAppend: ["t", bytes(1)],
      bufferGetThread: ["t"],
      bufferGetSlot: ["t", 0],
      bufferThreadLen: ["t"],
      bufferThreadExists: ["t"],
      bufferDeleteThread: ["t"],
      bufferListThreads: [],
      bufferClear: [],
      registrySet: ["c", "u"],
      registryGetUuid: ["c"],
      registryGetChain: ["u"],
      registryDelete: ["u"],
      registryListAll: [],
      registryClear: [],
    };
    const methods = backend as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    for (const [name, args] of Object.entries(calls)) {
      const call = methods[name](...args, { ttlSeconds: 5 });
      await assert.rejects(
        call,
        isTypeError(/does not take the further argument \{ ttlSeconds \}/),
      );
    }
    assert.equal(await backend.bufferThreadExists("t"), false);
  });

  testState(transport, "invalid slots and indices are rejected", async (backend) => {
    for (const slot of ["text", null, [1], new ArrayBuffer(1)]) {
      const bad = slot as unknown as Uint8Array;
      await assert.rejects(backend.bufferAppend("t", bad), isTypeError(/serializeSlot/));
    }
    for (const index of [-1, 0.5, NaN, "0" as unknown as number]) {
      await assert.rejects(backend.bufferGetSlot("t", index), RangeError);
    }
    assert.equal(await backend.bufferThreadExists("t"), false);
  });

  testState(
    transport,
    "a closed backend rejects every call, and the state stays",
    async (one, other) => {
      await one.bufferAppend("t", bytes(1));
      await other.close();
      await other.close();
      await assert.rejects(other.bufferThreadLen("t"), SharedBackendClosedError);
      await assert.rejects(other.registrySet("a", "u"), SharedBackendClosedError);
      assert.equal(await one.bufferThreadLen("t"), 1);
    },
  );
}

function isTypeError(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof TypeError && message.test(error.message);
}

function isLimit(limit: number): (error: unknown) => boolean {
  return (error) =>
    error instanceof SharedBackendLimitError && error.limit === limit &&
    error.message.includes(String(limit));
}
