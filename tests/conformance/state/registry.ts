import assert from "node:assert/strict";
import fc from "fast-check";
import { type StateTransport, testState } from "./transport.ts";
import { assertProperty } from "../../support/property.ts";

/** The registry: pairs of a chain and a uuid, each in one pair at most. */
export function testRegistry(transport: StateTransport): void {
  testState(transport, "a pair is found by either side", async (one, other) => {
    await one.registrySet("console.router.greeter", "u1");
    assert.equal(await other.registryGetUuid("console.router.greeter"), "u1");
    assert.equal(await other.registryGetChain("u1"), "console.router.greeter");
    assert.deepEqual(await other.registryListAll(), { u1: "console.router.greeter" });
  });

  testState(transport, "a missing pair is undefined", async (backend) => {
    assert.equal(await backend.registryGetUuid("a"), undefined);
    assert.equal(await backend.registryGetChain("u"), undefined);
    assert.equal(await backend.registryDelete("u"), false);
    assert.deepEqual(await backend.registryListAll(), {});
  });

  testState(transport, "a chain with a new uuid leaves its old one", async (one, other) => {
    await one.registrySet("a", "u1");
    await other.registrySet("a", "u2");
    assert.equal(await one.registryGetChain("u1"), undefined);
    assert.deepEqual(await one.registryListAll(), { u2: "a" });
  });

  testState(transport, "a uuid with a new chain leaves its old one", async (one, other) => {
    await one.registrySet("a", "u1");
    await other.registrySet("b", "u1");
    assert.equal(await one.registryGetUuid("a"), undefined);
    assert.deepEqual(await one.registryListAll(), { u1: "b" });
  });

  testState(transport, "a pair of two mapped names replaces both old pairs", async (one, other) => {
    await one.registrySet("a", "u1");
    await one.registrySet("b", "u2");
    await other.registrySet("a", "u2");
    assert.deepEqual(await one.registryListAll(), { u2: "a" });
    assert.equal(await one.registryGetUuid("b"), undefined);
    assert.equal(await one.registryGetChain("u1"), undefined);
  });

  testState(transport, "deleting a uuid deletes both directions", async (one, other) => {
    await one.registrySet("a", "u1");
    assert.equal(await other.registryDelete("u1"), true);
    assert.equal(await one.registryDelete("u1"), false);
    assert.equal(await one.registryGetUuid("a"), undefined);
  });

  testState(transport, "clearing the registry does not change the buffers", async (one, other) => {
    await one.registrySet("a", "u1");
    await one.bufferAppend("t", Uint8Array.of(1));
    await other.registryClear();
    assert.deepEqual(await one.registryListAll(), {});
    assert.equal(await one.registryGetUuid("a"), undefined);
    assert.equal(await one.bufferThreadLen("t"), 1);
  });

  testState(transport, "names of the members of objects are valid names", async (one, other) => {
    for (const name of ["__proto__", "constructor", "toString"]) await one.registrySet(name, name);
    const all = await other.registryListAll();
    assert.deepEqual(Object.keys(all).sort(), ["__proto__", "constructor", "toString"]);
    assert.equal(await other.registryGetUuid("hasOwnProperty"), undefined);
  });

  testState(transport, "any sequence of calls keeps a bijection", async (one, other) => {
    const name = fc.constantFrom("a", "b", "c", "d");
    const step = fc.oneof(
      fc.record({ chain: name, uuid: name }),
      fc.record({ deleted: name }),
    );
    await assertProperty(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await one.registryClear();
        let model: [chain: string, uuid: string][] = [];
        for (const [i, each] of steps.entries()) {
          const backend = i % 2 === 0 ? one : other;
          if ("deleted" in each) {
            const rest = model.filter(([, uuid]) => uuid !== each.deleted);
            assert.equal(await backend.registryDelete(each.deleted), rest.length < model.length);
            model = rest;
          } else {
            await backend.registrySet(each.chain, each.uuid);
            model = model.filter(([chain, uuid]) => chain !== each.chain && uuid !== each.uuid);
            model.push([each.chain, each.uuid]);
          }
        }
        assert.deepEqual(
          await one.registryListAll(),
          Object.fromEntries(model.map(([chain, uuid]) => [uuid, chain])),
        );
        for (const [chain, uuid] of model) assert.equal(await other.registryGetUuid(chain), uuid);
      }),
      { numRuns: 30 },
    );
  });
}
