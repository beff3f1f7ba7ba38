// Pages begin with what they are for, and with an example before long prose.

import assert from "node:assert/strict";
import { lexer } from "marked";
import { type Page, WRITTEN_PAGES } from "../support/pages.ts";

/** What a reader sees before the first example: one screen of a telephone. */
const WORDS = 170;

/** Pages without code, which say what is where, what is measured and what is promised. */
const NO_CODE = new Set([
  "docs/README.md",
  "docs/dependencies.md",
  "docs/glossary.md",
  "docs/platforms.md",
]);

/** Words before the first block of code or picture; undefined if there is none. */
function wordsBeforeExample(text: string): number | undefined {
  let words = 0;
  for (const token of lexer(text)) {
    if (token.type === "code" || /^!\[/.test(token.raw)) return words;
    words += token.raw.split(/\s+/).filter((word) => /\w/.test(word)).length;
  }
  return undefined;
}

/** Where a page is about its subject from the first line on. */
function firstParagraph(text: string): string {
  const [, second] = lexer(text).filter(({ type }) => type !== "space");
  return second.type;
}

const GUIDES = WRITTEN_PAGES.filter(({ path }) => path.startsWith("docs/"));

Deno.test("each page says what it is for before all else", () => {
  const wrong = GUIDES.filter(({ text }) => firstParagraph(text) !== "paragraph");
  assert.deepEqual(wrong.map(({ path }) => path), []);
});

Deno.test("each page has an example within its first screen", () => {
  const far = (page: Page) => (wordsBeforeExample(page.text) ?? Infinity) > WORDS;
  const wrong = GUIDES.filter((page) => !NO_CODE.has(page.path) && far(page));
  assert.deepEqual(
    wrong.map(({ path, text }) => `${path}: ${wordsBeforeExample(text)} words`),
    [],
  );
  const needless = GUIDES.filter((page) => NO_CODE.has(page.path) && !far(page));
  assert.deepEqual(needless.map(({ path }) => path), []);
});

Deno.test("words are counted up to the first block of code or picture", () => {
  assert.equal(wordsBeforeExample("# One\n\ntwo three\n\n```ts\n```\n"), 3);
  assert.equal(wordsBeforeExample("# One\n\n![two](a.svg)\n\nthree\n"), 1);
  assert.equal(wordsBeforeExample("# One\n\ntwo\n"), undefined);
});
