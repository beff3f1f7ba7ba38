// The generated parts of pages: layouts are those of the descriptors, commands those of the table.

import assert from "node:assert/strict";
import * as recording from "../../lib/recording/layout.ts";
import { draw, DRAWN_PAGES, withParts } from "../../tools/docs/layouts.ts";
import { CONTROL, HEADER, NO_OFFSETS, RECORDING, TABLES } from "../../tools/docs/structures.ts";
import * as segment from "../../wasm/layout.ts";
import { ROOT } from "../support/program.ts";

const STRUCTURES = [HEADER, CONTROL, ...TABLES, ...RECORDING];

for (const path of Object.keys(DRAWN_PAGES)) {
  Deno.test(`${path} has the generated parts that follow from the sources`, async () => {
    const page = await Deno.readTextFile(new URL(path, ROOT));
    assert.equal(withParts(path, page), page, "run deno task docs");
    const changed = page.replace(/(?<=^<!-- drawn: \w+ -->\n\n)./m, "other");
    assert.notEqual(changed, page);
    assert.equal(withParts(path, changed), page);
  });
}

Deno.test("every offset of the descriptors is drawn", () => {
  for (const descriptor of [segment, recording]) {
    const own = STRUCTURES.filter((one) => one.descriptor === descriptor);
    assert.ok(own.length > 0);
    const drawn = new Set(own.flatMap(({ fields }) => fields.map(({ name }) => name)));
    const offsets = Object.keys(descriptor).filter((name) =>
      own.some(({ prefix }) => name.startsWith(prefix)) && !NO_OFFSETS.has(name)
    );
    assert.deepEqual(offsets.filter((name) => !drawn.has(name)), []);
  }
});

Deno.test("no two fields of a structure share a byte", () => {
  for (const { title, fields, bytes } of STRUCTURES) {
    const ends = fields.map((field) => field.offset + field.bytes);
    const begins = [...fields.slice(1).map((field) => field.offset), bytes];
    begins.forEach((begin, i) => assert.ok(ends[i] <= begin, `${title}: ${fields[i].name}`));
  }
});

Deno.test("a drawing has a row for each field, and marks unused bytes", () => {
  const lane = TABLES.find(({ title }) => title === "Lane")!;
  const lines = draw(lane).filter((line) => !line.includes("+-"));
  assert.deepEqual(lines.map((line) => line.replaceAll(/ +/g, " ").trim()), [
    "0 | head |",
    "8 | messages committed |",
    "16 | position of the newest record |",
    "24 | writer + 1 | ring |",
    "32 | big messages | their bytes |",
    "40 | ring's check | their check |",
    "48 | ring's bytes | |",
    "56 | loan since |",
    "64 | |",
    "128 | tail |",
    "136 | messages overwritten |",
    "144 | |",
  ]);
  assert.equal(new Set(lines.map((line) => line.length)).size, 1);
});
