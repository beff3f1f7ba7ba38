// The drawn layouts are those of the descriptor.

import assert from "node:assert/strict";
import { draw, withParts } from "../reference/layouts.ts";
import {
  CONTROL,
  HEADER,
  type Name,
  NO_OFFSETS,
  offsetOf,
  TABLES,
} from "../reference/structures.ts";
import * as layout from "../wasm/layout.ts";
import { ROOT } from "./support/program.ts";

const STRUCTURES = [HEADER, CONTROL, ...TABLES];

Deno.test("the page about how it works has the layouts that the descriptor says", async () => {
  const page = await Deno.readTextFile(new URL("docs/how-it-works.md", ROOT));
  assert.equal(withParts(page), page, "run deno task docs");
  const changed = page.replace("| 16-23  |", "| 16-24  |");
  assert.notEqual(changed, page);
  assert.equal(withParts(changed), page);
});

Deno.test("every offset of the descriptor is drawn", () => {
  const drawn = new Set(STRUCTURES.flatMap(({ fields }) => fields.map(({ name }) => name)));
  const offsets = (Object.keys(layout) as Name[]).filter((name) =>
    STRUCTURES.some(({ prefix }) => name.startsWith(prefix)) && !NO_OFFSETS.has(name)
  );
  assert.deepEqual(offsets.filter((name) => !drawn.has(name)), []);
});

Deno.test("no two fields of a structure share a byte", () => {
  for (const { title, fields, bytes } of STRUCTURES) {
    const ends = fields.map((field) => offsetOf(field) + field.bytes);
    const begins = [...fields.slice(1).map(offsetOf), bytes];
    begins.forEach((begin, i) => assert.ok(ends[i] <= begin, `${title}: ${fields[i].name}`));
  }
});

Deno.test("a drawing has a row for each field, and tells what is unused", () => {
  const lane = TABLES.find(({ title }) => title === "Lane")!;
  const lines = draw(lane).filter((line) => !line.includes("+-"));
  assert.deepEqual(lines.map((line) => line.replaceAll(/ +/g, " ").trim()), [
    "0 | head |",
    "8 | messages committed |",
    "16 | position of the newest record |",
    "24 | writer + 1 | ring |",
    "32 | big messages | their bytes |",
    "40 | ring's check | their check |",
    "48 | |",
    "128 | tail |",
    "136 | messages overwritten |",
    "144 | |",
  ]);
  assert.equal(new Set(lines.map((line) => line.length)).size, 1);
});
