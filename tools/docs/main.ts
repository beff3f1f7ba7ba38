/**
 * `deno task docs`: generates `docs/api`, one page for each entry of the package, from `deno doc`, and the
 * drawings of layouts in other pages. With `--check` it writes nothing, and fails if a page is out of date.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type Entry, entryAt } from "./doc.ts";
import { Library } from "./inherited.ts";
import { DRAWN_PAGES, withParts } from "./layouts.ts";
import { pageOf } from "./page.ts";

const ROOT = new URL("../../", import.meta.url);
const FOLDER = new URL("docs/api/", ROOT);

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

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(new URL(file, FOLDER));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Files in the folder that are not pages. */
function stalePages(pages: ReadonlyMap<string, string>): string[] {
  return [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => !pages.has(name));
}

async function check(pages: ReadonlyMap<string, string>): Promise<number> {
  const wrong = stalePages(pages);
  for (const [file, text] of pages) if (await textOf(file) !== text) wrong.push(file);
  for (const path of Object.keys(DRAWN_PAGES)) {
    const page = await Deno.readTextFile(new URL(path, ROOT));
    if (withParts(path, page) !== page) wrong.push(path);
  }
  if (wrong.length === 0) return 0;
  console.error(`the pages are out of date (${wrong.join(", ")}): run deno task docs`);
  return 1;
}

async function write(pages: ReadonlyMap<string, string>): Promise<number> {
  await Deno.mkdir(FOLDER, { recursive: true });
  for (const page of stalePages(pages)) await Deno.remove(new URL(page, FOLDER));
  for (const [file, text] of pages) await Deno.writeTextFile(new URL(file, FOLDER), text);
  for (const path of Object.keys(DRAWN_PAGES)) {
    const url = new URL(path, ROOT);
    await Deno.writeTextFile(url, withParts(path, await Deno.readTextFile(url)));
  }
  return 0;
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
Deno.exit(await (values.check ? check : write)(await pages()));
