/**
 * Links from the first use of a word on a page to its line in the glossary.
 *
 * @module
 */

/** What the glossary has a line for: its first column. */
export function glossaryWords(glossary: string): string[] {
  return [...glossary.matchAll(/^\| ([a-z][a-z /-]*?) +\|/gm)].map(([, word]) => word)
    .filter((word) => word !== "word");
}

/** The anchor of a word. */
export function anchorOf(word: string): string {
  return `word-${word.replaceAll(/[^a-z]+/g, "-")}`;
}

/** The glossary with an anchor in each of its lines. */
export function withAnchors(glossary: string): string {
  return glossaryWords(glossary).reduce(
    (text, word) =>
      text.replace(`\n| ${word} `, `\n| <span id="${anchorOf(word)}">${word}</span> `),
    glossary,
  );
}

/** What is no text of a page: code, links, headings, tables, comments and HTML. */
const NO_TEXT = [
  /^```[^]*?^```/gm,
  /^(?:#|\||<|---).*$/gm,
  /<!--[^]*?-->/g,
  /`[^`]*`/g,
  /!?\[(?:[^\]\\]|\\.)*\]\([^)]*\)/g,
];

/** A page whose first use of each word is a link. */
export function withGlossaryLinks(
  page: string,
  words: readonly string[],
  glossary: string,
): string {
  let masked = NO_TEXT.reduce((text, part) => text.replace(part, blank), page);
  const found: { at: number; text: string; word: string }[] = [];
  for (const word of words.toSorted((a, b) => b.length - a.length)) {
    const use = new RegExp(`(?<![\\w-])${word.replaceAll(" ", "\\s+")}(?:e?s)?(?![\\w-])`, "i")
      .exec(masked);
    if (use === null) continue;
    found.push({ at: use.index, text: use[0], word });
    masked = masked.slice(0, use.index) + blank(use[0]) +
      masked.slice(use.index + use[0].length);
  }
  return found.sort((a, b) => b.at - a.at).reduce(
    (text, { at, text: used, word }) =>
      `${text.slice(0, at)}[${used}](${glossary}#${anchorOf(word)})${text.slice(at + used.length)}`,
    page,
  );
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, "\0");
}
