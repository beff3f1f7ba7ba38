/** What tests ask of a page of pictures. */
import assert from "node:assert/strict";

/** The name of the file, in the test's own folder. */
export const PAGE = "bench.html";

/** Asserts that every section of a page has a picture with one of ours in it. */
export function assertChartsDrawn(path: string): void {
  const sections = Deno.readTextFileSync(path).split("<figure>").slice(1);
  assert.ok(sections.length > 0);
  for (const section of sections) {
    assert.match(section, /<svg[^]*<\/svg>/);
    assert.match(section, /<tr class="ours">/);
  }
}
