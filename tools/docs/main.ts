/**
 * `deno task docs`: generates `docs/api`, one page for each entry of the package, from `deno doc`, and in other
 * pages the drawings of layouts and the links to the pages before and after, and the pictures. With `--check` it
 * writes nothing, and fails if one of them is out of date.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type Entry, entryAt } from "./doc.ts";
import { Library } from "./inherited.ts";
import { DRAWN_PAGES, withParts } from "./layouts.ts";
import { pageOf } from "./page.ts";
import { drawPictures, PICTURE_FOLDER } from "./pictures.ts";
import { INDEX, readNavigation, withNeighbours } from "../site/navigation.ts";

const ROOT = new URL("../../", import.meta.url);
const API = "docs/api/";
const FOLDER = new URL(API, ROOT);

/** The pages by the names of their files. */
async function pages(): Promise<Map<string, string>> {
  const { name, exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const pages = new Map<string, string>();
  const rows: string[] = [];
  const entries = new Map<string, Entry>();
  for (const [entry, path] of Object.entries<string>(exports)) {
    entries.set(fileOf(entry), await entryAt(new URL(path, ROOT).pathname));
  }
  const library = new Library(entries);
  for (const entry of Object.keys(exports)) {
    const specifier = `${name}${entry.slice(1)}`;
    const file = fileOf(entry);
    const documented = entries.get(file)!;
    pages.set(file, pageOf(specifier, file, documented, library));
    const summary = documented.jsDoc.doc!.trim().split("\n\n")[0].replaceAll("\n", " ");
    rows.push(`| [\`${specifier}\`](${file}) | ${summary} |`);
  }
  return pages.set("README.md", `# Reference\n\n${introduction}\n${rows.join("\n")}\n`);
}

function fileOf(entry: string): string {
  return `${entry === "." ? "core" : entry.slice(2)}.md`;
}

const introduction = "What each entry of the package exports, from the comments in its sources. " +
  "`deno task docs` writes these pages.\n\n| import | what it is |\n| --- | --- |";

async function textAt(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(new URL(path, ROOT));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The pages that are written by hand and have generated parts, with those parts as they should be. */
function* drawnPages(): Generator<{ url: URL; path: string; before: string; after: string }> {
  const folder = new URL("docs/", ROOT);
  const navigation = readNavigation(Deno.readTextFileSync(new URL(INDEX, folder)));
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.endsWith(".md")) continue;
    const path = `docs/${name}`;
    const url = new URL(name, folder);
    const before = Deno.readTextFileSync(url);
    const drawn = path in DRAWN_PAGES ? withParts(path, before) : before;
    yield { url, path, before, after: withNeighbours(name, drawn, navigation) };
  }
}

/** Files in the folder that are not pages. */
function stalePages(pages: ReadonlyMap<string, string>): string[] {
  return [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => !pages.has(name));
}

/** What lies in the folder of the pictures and is none of them. */
function stalePictures(pictures: ReadonlyMap<string, string>): string[] {
  return [...Deno.readDirSync(new URL(PICTURE_FOLDER, ROOT))]
    .map(({ name }) => `${PICTURE_FOLDER}${name}`).filter((path) => !pictures.has(path));
}

async function check(pages: ReadonlyMap<string, string>): Promise<number> {
  const pictures = drawPictures();
  const wrong = [...stalePages(pages), ...stalePictures(pictures)];
  for (const [path, text] of pictures) if (await textAt(path) !== text) wrong.push(path);
  for (const [file, text] of pages) if (await textAt(`${API}${file}`) !== text) wrong.push(file);
  for (const { path, before, after } of drawnPages()) if (before !== after) wrong.push(path);
  if (wrong.length === 0) return 0;
  console.error(`the pages are out of date (${wrong.join(", ")}): run deno task docs`);
  return 1;
}

async function write(pages: ReadonlyMap<string, string>): Promise<number> {
  await Deno.mkdir(FOLDER, { recursive: true });
  for (const page of stalePages(pages)) await Deno.remove(new URL(page, FOLDER));
  for (const [file, text] of pages) await Deno.writeTextFile(new URL(file, FOLDER), text);
  for (const { url, before, after } of drawnPages()) {
    if (before !== after) await Deno.writeTextFile(url, after);
  }
  await writePictures();
  return 0;
}

/** Drawn after the pages: their tables have the figures. */
async function writePictures(): Promise<void> {
  const pictures = drawPictures();
  await Deno.mkdir(new URL(PICTURE_FOLDER, ROOT), { recursive: true });
  for (const path of stalePictures(pictures)) await Deno.remove(new URL(path, ROOT));
  for (const [path, text] of pictures) await Deno.writeTextFile(new URL(path, ROOT), text);
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
Deno.exit(await (values.check ? check : write)(await pages()));
