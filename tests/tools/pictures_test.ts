// The pictures of the pages: charts are those of the tables, drawings those of the layout.

import assert from "node:assert/strict";
import { drawings, frameFields, segmentParts } from "../../tools/docs/pictures/drawings.ts";
import { barPicture } from "../../tools/docs/pictures/bars.ts";
import { barsOf, CHARTS, drawPictures, PICTURE_FOLDER } from "../../tools/docs/pictures.ts";
import { HEADER, TABLES } from "../../tools/docs/structures.ts";
import * as layout from "../../wasm/layout.ts";
import { pageAt, WRITTEN_PAGES } from "../support/pages.ts";
import { ROOT } from "../support/program.ts";

const FOLDER = new URL(PICTURE_FOLDER, ROOT);

Deno.test("the folder of pictures has those that follow from the tables and the layout", () => {
  const files = [...Deno.readDirSync(FOLDER)].map(({ name }) => `${PICTURE_FOLDER}${name}`);
  assert.deepEqual(files.sort(), [...drawPictures().keys()].sort());
  for (const [path, text] of drawPictures()) {
    assert.equal(Deno.readTextFileSync(new URL(path, ROOT)), text, `${path}: run deno task docs`);
  }
});

Deno.test("a page shows each picture with a text in its place, and each says what it shows", () => {
  const pages = WRITTEN_PAGES.map(({ text }) => text).join("\n");
  const shown = [...pages.matchAll(/^!\[.+\]\((pictures\/.+)\)$/gm)].map(([, file]) =>
    `docs/${file}`
  );
  for (const [path, text] of drawPictures()) {
    assert.ok(shown.includes(path), `no page shows ${path}`);
    assert.match(text, /<title .*>[^<]+<\/title>\n<desc .*>[^<]{20,}<\/desc>/, path);
    assert.match(text, /prefers-color-scheme: dark/, path);
    assert.doesNotMatch(text, /https?:(?!\/\/www\.w3\.org\/2000\/svg)|<script|@import/, path);
  }
});

Deno.test("a chart has a bar for each figure of its column", () => {
  const drawn = drawPictures();
  for (const [file, chart] of Object.entries(CHARTS)) {
    const bars = barsOf(chart);
    assert.ok(bars.length > 5, file);
    assert.ok(bars.some(({ isOurs }) => isOurs), file);
    const { text: page } = pageAt(chart.page);
    for (const { name, text } of bars) {
      const row = page.split("\n").find((line) =>
        line.replaceAll("`", "").startsWith(`| ${name} `) && line.includes(` ${text} `)
      );
      assert.ok(row !== undefined, `${file}: ${name}`);
      const picture = drawn.get(`${PICTURE_FOLDER}${file}`)!;
      assert.ok(picture.includes(`${name}: ${text}`), `${file}: ${name}`);
    }
  }
  assert.deepEqual(barsOf(CHARTS["round-trip.svg"]).slice(0, 2).map(({ value }) => value), [
    100,
    400,
  ]);
});

Deno.test("a column that no table has, or a cell without a figure, is an error", () => {
  const chart = { ...CHARTS["round-trip.svg"], column: "to the moon" };
  assert.throws(() => barsOf(chart), /no table with a column "to the moon"/);
  const words = { ...CHARTS["round-trip.svg"], column: "Ringbus is better at" };
  assert.throws(() => barsOf(words), /is no figure of a picture/);
});

Deno.test("the length of a bar is its share of the longest, or its logarithm", () => {
  const lengthsOf = (...values: number[]) => {
    const bars = values.map((value) => ({ name: "a", text: `${value}`, value, isOurs: true }));
    const text = barPicture({ title: "A", meaning: "b", bars });
    return [...text.matchAll(/class="ours" .*width="(\d+)"/g)].map(([, width]) => Number(width));
  };
  const [half, whole] = lengthsOf(50, 100);
  assert.equal(half * 2, whole);
  const [one, ten, hundred] = lengthsOf(1, 10, 100);
  assert.ok(Math.abs(ten - one * 2) <= 2);
  assert.ok(Math.abs(hundred - one * 3) <= 2);
});

Deno.test("the drawings have each field of the header and of a lane, and each part", () => {
  const drawn = new Map(drawings());
  const lane = TABLES.find(({ prefix }) => prefix === "LANE_")!;
  for (const [file, { fields }] of [["header.svg", HEADER], ["lane.svg", lane]] as const) {
    for (const { label, offset, bytes } of fields) {
      assert.ok(drawn.get(file)!.includes(`${offset}-${offset + bytes - 1}: ${label}`), label);
      assert.ok(drawn.get(file)!.includes(`>${label}`), label);
    }
  }
  for (const { offset } of segmentParts()) {
    assert.ok(drawn.get("segment.svg")!.includes(`>${offset}<`), offset);
  }
});

Deno.test("the fields of a frame fill 64 bits, and all flags fit into theirs", () => {
  const fields = frameFields();
  assert.deepEqual(fields.map(({ name }) => name), ["sequence", "flags", "checksum"]);
  assert.deepEqual(fields.map(({ from }) => from), [
    0,
    ...fields.slice(0, -1).map(({ to }) => to + 1),
  ]);
  assert.equal(fields.at(-1)!.to, 63);
  const [, { from, to }] = fields;
  const { RECORD_SIZE: _size, RECORD_FRAME: _frame, RECORD_PAYLOAD: _payload, ...rest } = layout;
  const flags = Object.entries(rest).filter(([name]) => name.startsWith("RECORD_"));
  assert.ok(flags.length >= 7);
  for (const [name, flag] of flags) assert.ok(Number(flag) < 2 ** (to - from + 1), name);
});
