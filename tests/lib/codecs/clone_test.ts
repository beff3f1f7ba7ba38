// The clone codec: the structured clone algorithm.

import assert from "node:assert/strict";
import { bytes, clone, nested, roundTrip, TYPED_ARRAYS } from "../../support/codecs.ts";

Deno.test("clone keeps the values that structuredClone keeps", () => {
  const values: unknown[] = [
    new Map<unknown, unknown>([[1, { a: 2 }], [{ key: 1 }, new Set([1])]]),
    new Set([1, "2", new Set()]),
    new Date(5),
    new Date(NaN),
    2n ** 200n,
    -(2n ** 70n),
    /a.b/gi,
    [1, , 3],
    [undefined, null, NaN, -0, Infinity],
    { a: undefined },
    new ArrayBuffer(5),
    Object(5),
    "é😀\ud800",
    undefined,
    ...TYPED_ARRAYS,
  ];
  for (const value of values) {
    assert.deepStrictEqual(roundTrip(clone, value), value);
    assert.deepStrictEqual(roundTrip(clone, { list: [value] }), { list: [value] });
  }
});

Deno.test("clone keeps errors with their type, message, stack and cause", () => {
  const error = new TypeError("boo", { cause: new RangeError("why") });
  const result = roundTrip(clone, error) as TypeError;
  assert.ok(result instanceof TypeError);
  assert.equal(result.message, "boo");
  assert.equal(result.stack, error.stack);
  assert.ok(result.cause instanceof RangeError);
});

Deno.test("clone keeps cycles and shared objects", () => {
  const shared = { x: 1 };
  const samples = new Float32Array(2);
  const value: Record<string, unknown> = { a: shared, b: shared, c: samples, d: samples };
  value["self"] = value;
  const result = roundTrip(clone, value) as Record<string, unknown>;
  assert.equal(result["self"], result);
  assert.equal(result["a"], result["b"]);
  assert.equal(result["c"], result["d"]);
});

Deno.test("clone sends a view without the rest of its buffer", () => {
  const part = new Float64Array(100_000).subarray(10, 12);
  assert.ok(clone.encode({ part }).length < 100);
  const result = roundTrip(clone, { part }) as { part: Float64Array };
  assert.equal(result.part.buffer.byteLength, 16);
  const [view] = roundTrip(clone, [new DataView(bytes(1, 2, 3).buffer, 1)]) as [DataView];
  assert.deepEqual([view.byteLength, view.getUint8(0)], [2, 2]);
});

Deno.test("clone rejects what it cannot keep, with its path", () => {
  const rejected = [() => 1, Symbol("s"), new WeakMap(), Promise.resolve(1), new Blob(["x"])]
    .concat(new URL("http://localhost/") as never, new SharedArrayBuffer(1) as never);
  for (const value of rejected) {
    assert.throws(() => clone.encode({ a: new Map([["k", value]]) }), {
      name: "TypeError",
      message: /^clone cannot encode .* at \$\.a\[0\]\[1\]: /,
    });
  }
  const detached = new Uint8Array(1);
  structuredClone(detached, { transfer: [detached.buffer] });
  assert.throws(() => clone.encode({ detached }), { name: "TypeError", message: /detached/ });
  assert.throws(() => clone.encode(nested(500_000)), {
    name: "RangeError",
    message: /nested too deep/,
  });
});

Deno.test("clone rejects damaged messages", () => {
  const whole = new Uint8Array(clone.encode({ a: [1, "text"], b: new Float32Array(3) }));
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => clone.decode(whole.slice(0, length)), {
      name: "RangeError",
      message: /^clone cannot decode \d+ bytes?: /,
    });
  }
});

const canRead = Deno.permissions.querySync({ name: "read" }).state === "granted";

// The worker's source is data, so its import of a file needs the permission.
Deno.test("clone works in a worker", { ignore: !canRead }, async () => {
  const source = `
    import { resolveCodec } from ${
    JSON.stringify(import.meta.resolve("../../../lib/codecs/builtin.ts"))
  };
    const codec = resolveCodec("clone");
    const result = codec.decode(new Uint8Array(codec.encode(new Map([["k", new Set([1n])]]))));
    postMessage(result.get("k").has(1n));
  `;
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  const worker = new Worker(url, { type: "module" });
  try {
    const reply = await new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
    assert.equal(reply, true);
  } finally {
    worker.terminate();
  }
});
