// What a backend reports of its state.

import assert from "node:assert/strict";
import { SharedBackendClosedError } from "../../../backends/state/mod.ts";
import { bytes, type StateTransport, testState, testWaitingState } from "./transport.ts";

/** `ping` and `info`. */
export function testInfo(transport: StateTransport): void {
  testState(
    transport,
    "ping is fulfilled with true, until the backend is closed",
    async (one, other) => {
      assert.equal(await one.ping(), true);
      await one.close();
      await assert.rejects(Promise.try(() => one.ping()), SharedBackendClosedError);
      await assert.rejects(Promise.try(() => one.info()), SharedBackendClosedError);
      assert.equal(await other.ping(), true);
    },
  );

  testState(
    transport,
    "info has the limits, and counts the threads and pairs of all backends",
    async (one, other) => {
      const { backendType, address, ...empty } = await one.info();
      assert.deepEqual(empty, {
        threads: 0,
        pairs: 0,
        maxSlotsPerThread: 5,
        maxThreads: 4,
        ttlSeconds: 1000,
      });
      assert.ok(["memory", "shm", "manager", "redis"].includes(backendType));
      assert.equal(address === undefined, backendType === "memory");
      for (const threadId of ["a", "b", "a"]) await one.bufferAppend(threadId, bytes(1));
      await other.registrySet("c", "u");
      for (const backend of [one, other]) {
        const { threads, pairs } = await backend.info();
        assert.deepEqual([threads, pairs], [2, 1]);
      }
      await one.bufferDeleteThread("a");
      await one.registryClear();
      const { threads, pairs } = await other.info();
      assert.deepEqual([threads, pairs], [1, 0]);
    },
    { maxSlotsPerThread: 5, maxThreads: 4, ttlSeconds: 1000 },
  );

  testWaitingState(
    transport,
    "info does not count what has expired, and renews nothing",
    async (one, other, state) => {
      await one.bufferAppend("t", bytes(1));
      await one.registrySet("c", "u");
      await state.advance(800);
      const { threads, pairs } = await other.info();
      assert.deepEqual([threads, pairs], [1, 1]);
      await state.advance(1300);
      const later = await other.info();
      assert.deepEqual([later.threads, later.pairs], [0, 0]);
    },
    { ttlSeconds: 2 },
  );
}
