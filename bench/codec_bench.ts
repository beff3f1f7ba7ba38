/**
 * Compares the codecs with each other and with libraries for MessagePack, on a small message, one of ten
 * fields, and one of nearly 9 KB.
 *
 * Run with `deno bench bench/codec_bench.ts`. Also prints what each candidate for MessagePack does to
 * values that are easily damaged. `msgpackr` takes part if it can be installed.
 */

import assert from "node:assert/strict";
import { Decoder, Encoder } from "@msgpack/msgpack";
import { resolveCodec } from "../lib/codecs/builtin.ts";

interface Candidate {
  readonly name: string;
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

const SMALL = { cmd: "move", pos: [1, 2, 3] };

const MEDIUM = {
  id: 98765,
  type: "reading",
  source: "robot/arm/3",
  seq: 4711,
  ts: 1764500000000.5,
  pos: { x: 1.5, y: -2.25, z: 0.125 },
  tags: ["a", "bb", "ccc"],
  ok: true,
  note: null,
  level: 3,
};

const LARGE = {
  users: Array.from({ length: 56 }, (_, index) => ({
    id: index,
    name: `user number ${index}`,
    email: `user${index}@example.com`,
    tags: ["a", "b", `tag${index}`],
    score: index * 1.5,
    active: index % 2 === 0,
    nested: { x: index, y: -1 - index, label: `héllo ${index}` },
  })),
};

const DELICATE: readonly (readonly [name: string, value: unknown])[] = [
  ["-0", -0],
  ["lone surrogate", "\ud800".padEnd(80, "x")],
  ["2n ** 63n", 2n ** 63n],
  ["2n ** 70n", 2n ** 70n],
  ["Float32Array", [new Float32Array([1, 2])]],
  ["__proto__ key", JSON.parse('{"__proto__":{"x":1}}')],
  ["Map", new Map([[1, 2]])],
  ["Set", new Set([1])],
  ["invalid Date", new Date(NaN)],
  ["RegExp", /x/],
  ["function", { f() {} }],
];

function msgpackLibrary(): Candidate {
  const encoder = new Encoder({ ignoreUndefined: true });
  const decoder = new Decoder();
  return {
    name: "@msgpack/msgpack",
    encode: (value) => encoder.encodeSharedRef(value),
    decode: (bytes) => decoder.decode(bytes),
  };
}

/** Its optional native packages do not resolve with every registry. */
async function msgpackr(): Promise<Candidate[]> {
  try {
    const specifier = ["npm:msgpackr", "2.1.3"].join("@");
    const { Packr } = await import(specifier);
    const candidate = (name: string, options: object): Candidate => {
      const packr = new Packr(options);
      return {
        name,
        encode: (value) => packr.pack(value),
        decode: (bytes) => packr.unpack(bytes),
      };
    };
    return [
      candidate("msgpackr", { useRecords: false }),
      candidate("msgpackr, shared structures", { structures: [] }),
    ];
  } catch (error) {
    console.log(`msgpackr is skipped: ${(error as Error).message}`);
    return [];
  }
}

function roundTripOutcome(candidate: Candidate, value: unknown): string {
  try {
    const result = candidate.decode(new Uint8Array(candidate.encode(value)));
    try {
      assert.deepStrictEqual(result, value);
      return "kept";
    } catch {
      return "DAMAGED";
    }
  } catch {
    return "refused";
  }
}

const libraries = [msgpackLibrary(), ...await msgpackr()];
const codecs: Candidate[] = (["msgpack", "json", "clone"] as const).map((name) => {
  const codec = resolveCodec(name);
  return {
    name: `codec ${name}`,
    encode: (value) => codec.encode(value),
    decode: (bytes) => codec.decode(bytes),
  };
});

for (const candidate of [codecs[0], ...libraries]) {
  const outcomes = DELICATE.map(([name, value]) =>
    `${name}: ${roundTripOutcome(candidate, value)}`
  );
  console.log(`${candidate.name}\n  ${outcomes.join("\n  ")}`);
}

for (const [size, value] of [["small", SMALL], ["medium", MEDIUM], ["large", LARGE]] as const) {
  for (const candidate of [...codecs, ...libraries]) {
    const bytes = new Uint8Array(candidate.encode(value));
    assert.deepStrictEqual(candidate.decode(bytes), value);
    Deno.bench({
      name: `${candidate.name}, ${bytes.length} bytes`,
      group: `encode ${size}`,
      baseline: candidate === codecs[0],
      fn: () => void candidate.encode(value),
    });
    Deno.bench({
      name: `${candidate.name}, ${bytes.length} bytes`,
      group: `decode ${size}`,
      baseline: candidate === codecs[0],
      fn: () => void candidate.decode(bytes),
    });
  }
}
