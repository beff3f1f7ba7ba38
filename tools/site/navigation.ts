/**
 * The order of the pages, as the index in docs/README.md has it, and the links at the end of each page.
 *
 * @module
 */

/** A page of the documentation. */
export interface Entry {
  /** Its file, from the folder docs. */
  readonly file: string;
  readonly title: string;
}

/** Pages about one thing that a reader wants to do. */
export interface Section {
  readonly title: string;
  readonly entries: readonly Entry[];
}

/** The page that `readNavigation` reads. */
export const INDEX = "README.md";

/** The sections of an index: second headings, and a list with a link to each page. */
export function readNavigation(index: string): Section[] {
  return index.split(/^## /m).slice(1).map((text) => ({
    title: text.slice(0, text.indexOf("\n")),
    entries: [...text.matchAll(/^- \[(.+?)\]\((.+?)\)/gm)]
      .map(([, title, file]) => ({ title, file })),
  }));
}

const BEGIN = "<!-- drawn: neighbours -->";
const END = "<!-- end of neighbours -->";

/** The page without the links at its end. */
export function withoutNeighbours(page: string): string {
  const at = page.indexOf(BEGIN);
  return at < 0 ? page : `${page.slice(0, at).trimEnd()}\n`;
}

/** A page, with links to the pages before and after it at its end; as it is if the index lacks it. */
export function withNeighbours(file: string, page: string, sections: readonly Section[]): string {
  const entries = sections.flatMap(({ entries }) => entries);
  const at = entries.findIndex((entry) => entry.file === file);
  // The reference has an index of its own.
  if (at < 0 || file.includes("/")) return page;
  const links = [
    ...linkTo("Before", entries[at - 1]),
    ...linkTo("Next", entries[at + 1]),
    `- [All pages](${INDEX})`,
  ];
  return `${withoutNeighbours(page)}\n${BEGIN}\n\n---\n\n${links.join("\n")}\n\n${END}\n`;
}

function linkTo(direction: string, entry: Entry | undefined): string[] {
  return entry === undefined ? [] : [`- ${direction}: [${entry.title}](${entry.file})`];
}
