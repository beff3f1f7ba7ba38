import assert from "node:assert/strict";
import { numberOf, RING_POINTS } from "../torture/failpoints/points.ts";
import { failpointRing } from "../torture/failpoints/ring.ts";
import { RING_BASE64 } from "../wasm/ring_bytes.ts";

const SOURCES = new URL("../wasm/assembly/", import.meta.url);

function importsOf(binary: Uint8Array<ArrayBuffer>): string[] {
  return WebAssembly.Module.imports(new WebAssembly.Module(binary)).map(({ name }) => name).sort();
}

Deno.test("the shipped ring asks nobody at its failpoints, the build for tests does", async () => {
  assert.deepEqual(importsOf(Uint8Array.fromBase64(RING_BASE64)), ["memory"]);
  assert.deepEqual(importsOf(await failpointRing()), ["failpoint", "memory"]);
});

Deno.test("every failpoint has a number of its own, and a place in the ring", () => {
  assert.deepEqual(RING_POINTS.map(numberOf), RING_POINTS.map((_, at) => at));
  const text = [...Deno.readDirSync(SOURCES)]
    .map(({ name }) => Deno.readTextFileSync(new URL(name, SOURCES))).join("");
  const missing = RING_POINTS.filter((name) => !text.includes(`failpoint(${name});`));
  assert.deepEqual(missing, []);
});
