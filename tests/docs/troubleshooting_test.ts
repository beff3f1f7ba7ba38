// The page on errors has every message of the sources, and no other.

import assert from "node:assert/strict";
import { canBeSame, covers, isDescriptive, sourcesIn, textsIn } from "../support/error_messages.ts";
import { pageAt } from "../support/pages.ts";

const FOLDERS = ["lib/", "backends/", "otel/", "testing/", "cli/", "otel/"];
/** A message of Deno. */
const FOREIGN = /^error: Leaks detected/;
/** Constants in messages. */
const NUMBERS = /\b(?:128|256|1024|200|2000|536870912|2147483648)\b/g;

const texts = textsIn(sourcesIn(...FOLDERS)).filter(({ text }) => isDescriptive(text));
const headings = pageAt("docs/troubleshooting.md").text.split("\n")
  .filter((line) => line.startsWith("### "))
  .map((line) => line.slice(4).replaceAll(NUMBERS, "…").replaceAll("\\", ""))
  .filter((heading) => !FOREIGN.test(heading));

function areAlike(heading: string, text: string): boolean {
  return covers(heading, text) || canBeSame(heading, text) ||
    covers(text, heading);
}

Deno.test("the headings of the page on errors are texts of the sources", () => {
  assert.ok(headings.length > 100);
  const unknown = headings.filter((heading) => !texts.some(({ text }) => areAlike(heading, text)));
  assert.deepEqual(unknown, []);
});

Deno.test("every message of an error has its heading", () => {
  const messages = texts.filter(({ isMessage }) => isMessage);
  assert.ok(messages.length > 200);
  const missing = messages.filter(({ text }) =>
    !headings.some((heading) => areAlike(heading, text.replaceAll(NUMBERS, "…")))
  );
  assert.deepEqual(missing.map(({ text, location }) => `${text}   (${location})`), []);
});

Deno.test("no message advises a command that could harm a directory of the system", () => {
  const harmful = texts.filter(({ text }) =>
    /\b(?:chmod|chown|(?<!ringbus (?:\w+ )?)rm|mv) \S/.test(text)
  );
  assert.deepEqual(harmful.map(({ text, location }) => `${text}   (${location})`), []);
});
