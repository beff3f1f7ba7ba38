import assert from "node:assert/strict";
import { bytes, type StateTransport, testWaitingState } from "./transport.ts";

const TTL_MS = 1000;
const SHORT = { ttlSeconds: TTL_MS / 1000, maxThreads: 2 };

/** Time to live: threads and pairs expire as a whole, some time after their last use. */
export function testTtl(transport: StateTransport): void {
  testWaitingState(transport, "an unused thread expires as a whole", async (one, other, state) => {
    for (let i = 0; i < 3; i++) await one.bufferAppend("t", bytes(i));
    await state.advance(TTL_MS + 200);
    assert.equal(await other.bufferThreadLen("t"), 0);
    assert.equal(await other.bufferThreadExists("t"), false);
    assert.equal(await other.bufferGetSlot("t", 0), undefined);
    assert.deepEqual(await other.bufferListThreads(), []);
    assert.equal(await one.bufferAppend("t", bytes(9)), 0);
    assert.deepEqual(await other.bufferGetThread("t"), [bytes(9)]);
  }, SHORT);

  testWaitingState(transport, "expired threads do not count", async (one, other, state) => {
    await one.bufferAppend("a", bytes(1));
    await one.bufferAppend("b", bytes(1));
    await state.advance(TTL_MS + 200);
    assert.equal(await other.bufferAppend("c", bytes(1)), 0);
    assert.equal(await other.bufferAppend("d", bytes(1)), 0);
    assert.deepEqual((await one.bufferListThreads()).sort(), ["c", "d"]);
  }, SHORT);

  testWaitingState(
    transport,
    "an unused pair expires in both directions",
    async (one, other, state) => {
      await one.registrySet("a", "u1");
      await state.advance(TTL_MS + 200);
      assert.equal(await other.registryGetUuid("a"), undefined);
      assert.equal(await other.registryGetChain("u1"), undefined);
      assert.deepEqual(await other.registryListAll(), {});
      assert.equal(await other.registryDelete("u1"), false);
    },
    SHORT,
  );

  testWaitingState(
    transport,
    "an append to a thread delays its expiry",
    async (one, other, state) => {
      await one.bufferAppend("t", bytes(1));
      await state.advance(1600);
      await other.bufferAppend("t", bytes(2));
      await state.advance(1600);
      assert.equal(await one.bufferThreadLen("t"), 2);
    },
    { ...SHORT, ttlSeconds: 3 },
  );
}
