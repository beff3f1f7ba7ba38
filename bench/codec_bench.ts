/**
 * Compares the codecs with each other and with libraries for MessagePack, on a message of three fields, one
 * of ten, and one of nearly 9 KB.
 *
 * Run with `deno run -A bench/codec_bench.ts [rounds]`. It prints nanoseconds a message, the fastest of many
 * rounds in which all candidates take turns, so that other load of the machine counts little. Also prints
 * what each candidate for MessagePack does to values that are easily damaged. `msgpackr` takes part if it
 * can be installed.
 */

import assert from "node:assert/strict";
import { Decoder, Encoder } from "@msgpack/msgpack";
import { resolveCodec } from "../lib/codecs/builtin.ts";

interface Candidate {
  readonly name: string;
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

const SMALL = { id: 123456, name: "sensor-17", ok: true };

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

/** What is measured. */
const WORKS = ["encode", "decode", "decode, reused buffer", "encode and decode"] as const;

/** Bytes between the messages in a buffer that the sockets reuse: a header, and a multiple of eight. */
const recordBytes = (length: number) => (length + 23) & ~7;

/** Does the work of a kind for some messages. */
function workOn(candidate: Candidate, value: unknown): Record<typeof WORKS[number], Work> {
  const bytes = new Uint8Array(candidate.encode(value));
  assert.deepStrictEqual(candidate.decode(bytes), value);
  const step = recordBytes(bytes.length);
  const buffer = new Uint8Array(8 * step);
  for (let at = 0; at < buffer.length; at += step) buffer.set(bytes, at);
  return {
    "encode": (count) => {
      for (let n = 0; n < count; n++) candidate.encode(value);
    },
    "decode": (count) => {
      for (let n = 0; n < count; n++) candidate.decode(bytes);
    },
    "decode, reused buffer": (count) => {
      for (let n = 0; n < count; n++) {
        const at = (n & 7) * step;
        candidate.decode(buffer.subarray(at, at + bytes.length));
      }
    },
    "encode and decode": (count) => {
      for (let n = 0; n < count; n++) candidate.decode(candidate.encode(value));
    },
  };
}

type Work = (count: number) => void;

const OBJECTS = [["3 fields", SMALL, 4000], ["10 fields", MEDIUM, 2000], [
  "9 KB",
  LARGE,
  50,
]] as const;
const candidates = [...codecs, ...libraries];
const runs = OBJECTS.flatMap(([object, value, count]) =>
  candidates.flatMap((candidate) => {
    const works = workOn(candidate, value);
    return WORKS.map((work) => ({
      object,
      candidate,
      work,
      count,
      run: works[work],
      bestNs: Infinity,
    }));
  })
);

for (let round = Number(Deno.args[0] ?? 80); round > 0; round--) {
  for (const each of runs) {
    const start = performance.now();
    each.run(each.count);
    each.bestNs = Math.min(each.bestNs, (performance.now() - start) * 1e6 / each.count);
  }
}

for (const [object] of OBJECTS) {
  console.log(
    `\n${object}, ns a message`.padEnd(32) + WORKS.map((work) => work.padStart(23)).join(""),
  );
  for (const candidate of candidates) {
    const figures = WORKS.map((work) =>
      runs.find((each) =>
        each.object === object && each.candidate === candidate && each.work === work
      )!.bestNs.toFixed(0).padStart(23)
    );
    console.log(candidate.name.padEnd(31) + figures.join(""));
  }
}
