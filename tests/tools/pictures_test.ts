// The pictures of the pages show the figures of their tables.

import assert from "node:assert/strict";
import { drawPictures, PICTURES, seriesOf } from "../../tools/docs/pictures.ts";
import { pageAt, WRITTEN_PAGES } from "../support/pages.ts";
import { ROOT } from "../support/program.ts";

Deno.test("the pictures follow from the tables, and pages show each of them", async () => {
  const shown = WRITTEN_PAGES.map(({ text }) => text).join();
  for (const [path, text] of await drawPictures()) {
    assert.equal(await Deno.readTextFile(new URL(path, ROOT)), text, `${path}: run deno task docs`);
    assert.ok(shown.includes(`](${path.slice("docs/".length)})`), `no page shows ${path}`);
  }
});

Deno.test("a picture has a bar for each figure of its column", () => {
  for (const picture of Object.values(PICTURES)) {
    const { text } = pageAt(picture.page);
    const series = seriesOf(picture);
    assert.ok(series.length > 5, picture.title);
    for (const { name, value } of series) {
      const row = text.split("\n").find((line) =>
        line.replaceAll("`", "").startsWith(`| ${name} `)
      );
      assert.ok(row !== undefined && value.median > 0, name);
    }
  }
  const [reference, ours] = seriesOf(PICTURES["round-trip.svg"]);
  assert.ok(!reference.isOurs && ours.isOurs);
  assert.equal(ours.ratio!.median, ours.value.median / reference.value.median);
});

Deno.test("a column that no table has, or a cell without a figure, is an error", () => {
  const picture = { ...PICTURES["round-trip.svg"], column: "to the moon" };
  assert.throws(() => seriesOf(picture), /no table with a column "to the moon"/);
  const words = { ...PICTURES["round-trip.svg"], column: "Ringbus is better at" };
  assert.throws(() => seriesOf(words), /is no figure of a picture/);
});
