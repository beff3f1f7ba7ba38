/**
 * The pages of the site, made from the pages of the repository: the same folders, with `index.md` for
 * `README.md`, and a page for each example.
 *
 * @module
 */

import { pagePaths } from "../docs/page_paths.ts";
import { PICTURE_FOLDER } from "../docs/pictures.ts";
import { glossaryWords, withAnchors, withGlossaryLinks } from "./glossary.ts";
import { INDEX, readNavigation, type Section, withoutNeighbours } from "./navigation.ts";

const ROOT = new URL("../../", import.meta.url);
const REFERENCE = "docs/api/";
const GLOSSARY = "docs/glossary.md";

/** All that the site is made from. */
export interface Sources {
  /** The texts of the pages and of the pictures, by their paths. */
  readonly pages: ReadonlyMap<string, string>;
  readonly navigation: readonly Section[];
}

/** Reads the pages of the repository. */
export function readSources(): Sources {
  const pages = new Map<string, string>();
  const words = glossaryWords(read(GLOSSARY));
  for (const path of pagePaths()) pages.set(sitePath(path), pageOf(path, words));
  for (const path of picturePaths()) pages.set(path, read(path));
  for (const folder of examples()) pages.set(`${folder}/index.md`, exampleOf(folder));
  return { pages, navigation: readNavigation(read(`docs/${INDEX}`)) };
}

function picturePaths(): string[] {
  return [...Deno.readDirSync(new URL(PICTURE_FOLDER, ROOT))].map(({ name }) =>
    `${PICTURE_FOLDER}${name}`
  );
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

function examples(): string[] {
  return [...Deno.readDirSync(new URL("examples/", ROOT))].filter((entry) => entry.isDirectory)
    .map(({ name }) => `examples/${name}`);
}

function sitePath(path: string): string {
  return path.replace(/(^|\/)README\.md/, "$1index.md");
}

function pageOf(path: string, words: readonly string[]): string {
  const text = withSiteLinks(withoutNeighbours(read(path)));
  if (path === GLOSSARY) return withAnchors(text);
  const isLinked = path.startsWith("docs/") && !path.startsWith(REFERENCE);
  return isLinked ? withGlossaryLinks(text, words, "glossary.md") : text;
}

/** Links to a README lead to an index, and those to a file that is no page to the page of its example. */
function withSiteLinks(text: string): string {
  return text
    .replaceAll(/\]\((?!\w+:)([^)#\s]*?)README\.md/g, "]($1index.md")
    .replaceAll(
      /\]\((?!\w+:)((?:\.\.\/)*examples\/\w+|\w+)\/[\w./]+\.(?:ts|yaml|service)\)/g,
      "]($1/index.md)",
    )
    .replaceAll(/\]\((?!\w+:)((?:\.\.\/)*(?:examples\/)?[a-z]\w*)\/?\)/g, "]($1/index.md)");
}

/** Languages of the files of an example, by the ends of their names. */
const LANGUAGES: Record<string, string> = { ts: "ts", json: "json", yaml: "yaml", service: "ini" };

/** An example: the texts of its files. */
function exampleOf(folder: string): string {
  const texts = filesIn(folder).flatMap((path) => {
    const language = LANGUAGES[path.slice(path.lastIndexOf(".") + 1)];
    if (language === undefined) return [];
    const name = path.slice(folder.length + 1);
    return [`## ${name}\n\n\`\`\`\`${language}\n${read(path).trimEnd()}\n\`\`\`\``];
  });
  return `# ${folder}\n\nOne of the [examples](../index.md).\n\n${texts.join("\n\n")}\n`;
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(`${folder}/`, ROOT))].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`) : [`${folder}/${name}`]
  ).sort();
}
