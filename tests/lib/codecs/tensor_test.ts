import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isTensor,
  readTensor,
  type Tensor,
  tensorByteLength,
  type TypedArray,
  writeTensor,
} from "../../../lib/codecs/tensor.ts";
import { assertProperty } from "../../support/property.ts";

const ARRAYS: readonly TypedArray[] = [
  new Int8Array([-128, 0, 127]),
  new Uint8ClampedArray([0, 255]),
  new Int16Array([-32768, 32767]),
  new Uint16Array([0, 65535]),
  new Int32Array([-(2 ** 31), 2 ** 31 - 1]),
  new Uint32Array([0, 2 ** 32 - 1]),
  new Float16Array([1.5, -0, NaN]),
  new Float32Array([1.5, -0, NaN, -Infinity]),
  new Float64Array([Math.PI, -0, NaN]),
  new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n]),
  new BigUint64Array([0n, 2n ** 64n - 1n]),
];

function write(value: TypedArray | Tensor): Uint8Array {
  const block = new Uint8Array(tensorByteLength(value));
  writeTensor(value, block, 0);
  return block;
}

function damaged(change: (block: Uint8Array) => Uint8Array | void): Uint8Array {
  const block = write({ data: new Float32Array(6), shape: [2, 3] });
  return change(block) ?? block;
}

Deno.test("isTensor is true for typed arrays except Uint8Array", () => {
  for (const array of ARRAYS) assert.equal(isTensor(array), true);
  assert.equal(isTensor(new Uint8Array(2)), false);
});

Deno.test("isTensor is true for objects with exactly data and shape, Uint8Array included", () => {
  for (const data of [...ARRAYS, new Uint8Array(2)]) {
    assert.equal(isTensor({ data, shape: [data.length] }), true);
    assert.equal(isTensor({ shape: [], data }), true);
    assert.equal(isTensor({ data, shape: [data.length], name: "x" }), false);
    assert.equal(isTensor({ data }), false);
    assert.equal(isTensor({ data, shape: "2" }), false);
    assert.equal(isTensor({ data, shape: [1n] }), false);
    assert.equal(isTensor({ data, shape: ["2"] }), false);
    assert.equal(isTensor({ data, shape: new Uint8Array(1) }), false);
    assert.equal(isTensor(Object.create({ data, shape: [2] })), false);
  }
});

Deno.test("isTensor is false for everything else", () => {
  const others = [null, undefined, 1, "x", true, 1n, Symbol("s"), () => 1, {}, [], new Map()]
    .concat(new DataView(new ArrayBuffer(1)) as never, new ArrayBuffer(1) as never)
    .concat({ data: [1, 2], shape: [2] } as never, { data: null, shape: [] } as never)
    .concat({ data: new DataView(new ArrayBuffer(1)), shape: [1] } as never);
  for (const value of others) assert.equal(isTensor(value), false);
});

Deno.test("tensors round-trip with type and shape", () => {
  for (const data of [...ARRAYS, new Uint8Array([1, 2, 255])]) {
    assert.deepStrictEqual(readTensor(write(data)), data);
    for (const shape of [[data.length], [1, data.length], [data.length, 1, 1]]) {
      assert.deepStrictEqual(readTensor(write({ data, shape })), { data, shape });
    }
  }
});

Deno.test("tensors may be empty, scalar and of 32 dimensions", () => {
  const empty = new Float32Array();
  assert.deepStrictEqual(readTensor(write(empty)), empty);
  for (const shape of [[0], [3, 0], [0, 2 ** 40, 2 ** 40]]) {
    assert.deepStrictEqual(readTensor(write({ data: empty, shape })), { data: empty, shape });
  }
  const data = new Float32Array([7]);
  for (const shape of [[], new Array(32).fill(1)]) {
    assert.deepStrictEqual(readTensor(write({ data, shape })), { data, shape });
  }
});

Deno.test("tensors send subviews without the rest of their buffer", () => {
  const data = new Float64Array([1, 2, 3, 4]).subarray(1, 3);
  assert.equal(tensorByteLength(data), 24);
  const copy = readTensor(write(data)) as Float64Array;
  assert.deepStrictEqual(copy, new Float64Array([2, 3]));
  assert.equal(copy.buffer.byteLength, 16);
});

Deno.test("tensors travel through shared memory at an offset, and do not alias it", () => {
  const tensor = { data: new BigInt64Array([1n, -2n]), shape: [2, 1] };
  const shared = new Uint8Array(new SharedArrayBuffer(96)).fill(0xff);
  writeTensor(tensor, shared, 16);
  const end = 16 + tensorByteLength(tensor);
  assert.deepEqual([...shared.subarray(0, 16)], new Array(16).fill(0xff));
  assert.ok(shared.subarray(end).every((byte) => byte === 0xff));
  const result = readTensor(shared.subarray(16, end)) as Tensor;
  shared.fill(0);
  assert.deepStrictEqual(result, tensor);
  assert.ok(result.data.buffer instanceof ArrayBuffer);
  const source = new Float32Array(new SharedArrayBuffer(8));
  assert.deepStrictEqual(readTensor(write(source)), new Float32Array(2));
});

Deno.test("tensors are read from any alignment", () => {
  const block = write(new Float64Array([1.5, 2.5]));
  for (let shift = 0; shift < 8; shift++) {
    const moved = new Uint8Array(block.length + shift);
    moved.set(block, shift);
    assert.deepStrictEqual(readTensor(moved.subarray(shift)), new Float64Array([1.5, 2.5]));
  }
});

Deno.test("a block has an 8-byte header, 8 bytes for each dimension, then the elements", () => {
  assert.deepEqual(
    [...write({ data: new Int16Array([1, -1]), shape: [2] })],
    [4, 1, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 255, 255],
  );
  assert.deepEqual([...write(new Uint16Array([258]))], [5, 0, 0, 0, 0, 0, 0, 0, 2, 1]);
});

Deno.test("writeTensor names the shape and the length that do not agree", () => {
  assert.throws(() => write({ data: new Float32Array(5), shape: [2, 3] }), {
    name: "RangeError",
    message: "shape [2, 3] has 6 elements, but data has 5",
  });
  assert.throws(() => write({ data: new Float32Array(0), shape: [] }), /has 1 elements/);
  assert.throws(() => write({ data: new Int8Array(1), shape: [2 ** 40, 2 ** 40] }), RangeError);
});

Deno.test("writeTensor rejects malformed dimensions", () => {
  for (const dimension of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => write({ data: new Int8Array(1), shape: [1, dimension] }), {
      name: "RangeError",
      message: /dimensions of a tensor must be whole numbers of 0 or more, got/,
    });
  }
  assert.throws(() => write({ data: new Int8Array(1), shape: new Array(33).fill(1) }), {
    name: "RangeError",
    message: "a tensor has at most 32 dimensions, got 33",
  });
});

Deno.test("writeTensor rejects a target that is too small, and a detached array", () => {
  assert.throws(() => writeTensor(new Float32Array(4), new Uint8Array(31), 8), {
    name: "RangeError",
    message: "a tensor of 24 bytes does not fit into the 23 bytes at 8",
  });
  const array = new Float32Array(4);
  structuredClone(array, { transfer: [array.buffer] });
  assert.throws(() => write(array), { name: "TypeError", message: /Float32Array.*detached/ });
});

Deno.test("readTensor rejects damaged blocks", () => {
  const view = (block: Uint8Array) => new DataView(block.buffer);
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(7), /it has 7 bytes/],
    [new Uint8Array(8), /no element kind 0/],
    [damaged((block) => void (block[0] = 99)), /no element kind 99/],
    [damaged((block) => void (block[0] = 9)), /does not have its 3 elements/],
    [damaged((block) => void (block[1] = 33)), /33 dimensions/],
    [damaged((block) => void (block[1] = 32)), /cannot hold its shape/],
    [damaged((block) => void (block[2] = 0)), /2 dimensions/],
    [damaged((block) => void (block[2] = 2)), /unknown flags 2/],
    [damaged((block) => void (block[5] = 1)), /reserved bytes/],
    [damaged((block) => block.subarray(0, 20)), /cannot hold its shape/],
    [damaged((block) => block.subarray(0, -1)), /cannot be a whole number of Float32Array/],
    [damaged((block) => block.subarray(0, -4)), /\[2, 3\] does not have its 5 elements/],
    [damaged((block) => void view(block).setUint32(8, 3, true)), /\[3, 3\]/],
    [damaged((block) => void view(block).setUint32(12, 2 ** 31, true)), /dimension is too large/],
  ];
  for (const [block, message] of cases) {
    assert.throws(() => readTensor(block), { name: "RangeError", message });
  }
});

Deno.test("readTensor rejects shapes whose product overflows", () => {
  const block = write({ data: new Int8Array(0), shape: [0, 1, 1, 1] });
  const view = new DataView(block.buffer);
  for (let index = 0; index < 4; index++) view.setUint32(8 + index * 8 + 4, 2 ** 16, true);
  assert.throws(() => readTensor(block), { name: "RangeError", message: /does not have/ });
});

Deno.test("any tensor round-trips", () => {
  const shape = fc.array(fc.nat({ max: 5 }), { maxLength: 5 });
  assertProperty(fc.property(shape, fc.constantFrom(...ARRAYS), (dimensions, sample) => {
    const length = dimensions.reduce((product, dimension) => product * dimension, 1);
    const constructor = sample.constructor as new (length: number) => TypedArray;
    const data = new constructor(length);
    new Uint8Array(data.buffer).forEach((_, index, all) => all[index] = index * 37);
    const tensor = { data, shape: dimensions };
    assert.deepStrictEqual(readTensor(write(tensor)), tensor);
  }));
});

Deno.test("readTensor returns an array or throws a RangeError for random and changed bytes", () => {
  const attempt = (block: Uint8Array) => {
    try {
      readTensor(block);
    } catch (error) {
      assert.ok(error instanceof RangeError);
      assert.match(error.message, /^damaged tensor: /);
    }
  };
  assertProperty(fc.property(fc.uint8Array({ maxLength: 100 }), attempt), { numRuns: 2000 });
  assertProperty(
    fc.property(fc.nat({ max: 47 }), fc.nat({ max: 255 }), (at, to) => {
      attempt(damaged((block) => void (block[at] = to)));
    }),
    { numRuns: 2000 },
  );
});
