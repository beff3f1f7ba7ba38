// The index of the pages, the links at their ends, and the site that is made of them.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Page } from "puppeteer-core";
import { buildSite } from "../../tools/site/build.ts";
import {
  anchorOf,
  glossaryWords,
  withAnchors,
  withGlossaryLinks,
} from "../../tools/site/glossary.ts";
import { readNavigation, withNeighbours, withoutNeighbours } from "../../tools/site/navigation.ts";
import { startBrowser, type TestBrowser, untilText } from "../support/browser.ts";
import { pageAt, PAGES, WRITTEN_PAGES } from "../support/pages.ts";
import { ROOT } from "../support/program.ts";

const INDEX = pageAt("docs/README.md");
const NAVIGATION = readNavigation(INDEX.text);
const ENTRIES = NAVIGATION.flatMap(({ entries }) => entries);

Deno.test("the index of the pages names each page once, with its title", () => {
  const pages = WRITTEN_PAGES.filter(({ path }) => path.startsWith("docs/") && path !== INDEX.path);
  const titles = Object.fromEntries(
    pages.map(({ path, headings }) => [path.slice("docs/".length), headings[0]]),
  );
  const named = ENTRIES.filter(({ file }) => file !== "api/README.md");
  assert.deepEqual(Object.fromEntries(named.map(({ file, title }) => [file, title])), titles);
  assert.equal(named.length, pages.length);
});

Deno.test("a page ends with links to the pages before and after it", () => {
  const sections = [
    { title: "One", entries: [{ file: "a.md", title: "A" }, { file: "b.md", title: "B" }] },
    { title: "Two", entries: [{ file: "c.md", title: "C" }, { file: "api/d.md", title: "D" }] },
  ];
  const links = (file: string) =>
    [...withNeighbours(file, "# Text\n", sections).matchAll(/^- .*$/gm)].map(([line]) => line);
  assert.deepEqual(links("a.md"), ["- Next: [B](b.md)", "- [All pages](README.md)"]);
  assert.deepEqual(links("b.md"), [
    "- Before: [A](a.md)",
    "- Next: [C](c.md)",
    "- [All pages](README.md)",
  ]);
  const page = withNeighbours("b.md", "# Text\n", sections);
  assert.equal(withNeighbours("b.md", page, sections), page);
  assert.equal(withoutNeighbours(page), "# Text\n");
  assert.equal(withNeighbours("x.md", "# Text\n", sections), "# Text\n");
  assert.equal(withNeighbours("api/d.md", "# Text\n", sections), "# Text\n");
});

Deno.test("the first use of a word of the glossary is a link", () => {
  const words = ["lease", "lease table", "lane"];
  const link = (text: string) => withGlossaryLinks(text, words, "glossary.md");
  assert.equal(
    link("Two lanes, one lane."),
    "Two [lanes](glossary.md#word-lane), one lane.",
  );
  assert.equal(
    link("A lease\ntable and a Lease."),
    "A [lease\ntable](glossary.md#word-lease-table) and a [Lease](glossary.md#word-lease).",
  );
  const noText = "# A lane\n\n`lane` [a lane](x.md) planes\n\n```ts\nlane\n```\n\n| lane |\n";
  assert.equal(link(noText), noText);
});

Deno.test("each word of the glossary has an anchor", () => {
  const { text } = pageAt("docs/glossary.md");
  const words = glossaryWords(text);
  assert.ok(words.length > 30);
  const anchored = withAnchors(text);
  for (const word of words) assert.ok(anchored.includes(`id="${anchorOf(word)}"`), word);
});

/** Serves the files of a folder. */
function serveFiles(folder: string): Deno.HttpServer<Deno.NetAddr> {
  const types: Record<string, string> = {
    html: "text/html",
    js: "text/javascript",
    css: "text/css",
    json: "application/json",
    svg: "image/svg+xml",
    woff2: "font/woff2",
  };
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    try {
      const type = types[path.split(".").at(-1)!] ?? "application/octet-stream";
      const body = await Deno.readFile(`${folder}${decodeURI(path)}`);
      return new Response(body, { headers: { "content-type": type } });
    } catch {
      return new Response("not there", { status: 404 });
    }
  });
}

Deno.test("the site can be searched and read in a browser", async () => {
  const workDir = fileURLToPath(new URL(".cache/site", ROOT));
  await using server = serveFiles(await buildSite({ workDir, base: "/" }));
  const origin = `http://127.0.0.1:${server.addr.port}`;
  await askForAllPages(origin);
  await using browser = await startBrowser();
  const page = await browser.open(`${origin}/`);
  await untilText(page, "h1", /^Ringbus/);
  await search(page);
  await followLinks(page, origin);
  await lookAtPictures(page, origin);
  await lookOnTelephone(page, origin);
  assertQuiet(browser, origin);
});

async function search(page: Page): Promise<void> {
  await page.locator(".VPNavBarSearch button").click();
  await page.locator(".VPLocalSearchBox input").fill("doorbell");
  await untilText(page, ".VPLocalSearchBox .results .selected", /./);
  await page.locator(".VPLocalSearchBox .results .selected").click();
  await untilText(page, ".VPDoc main", /doorbell/i);
}

async function followLinks(page: Page, origin: string): Promise<void> {
  const [first, second] = ENTRIES;
  await page.goto(`${origin}/docs/${first.file.replace(/md$/, "html")}`);
  await page.locator(".pager-link.next").click();
  await untilText(page, ".VPDoc h1", new RegExp(second.title));
  await page.goto(`${origin}/docs/push-pull.html`);
  await page.locator(`.VPDoc a[href$="#${anchorOf("lease")}"]`).click();
  await untilText(page, ".VPDoc h1", /Glossary/);
  assert.ok(await page.$(`#${anchorOf("lease")}`));
}

/** Each picture of a page is there, and says what it shows. */
async function lookAtPictures(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/docs/why.html`);
  const pictures = await page.$$eval(
    ".VPDoc main img",
    (images) =>
      Promise.all(images.map(async (image) => {
        await image.decode();
        return { width: image.naturalWidth, alt: image.alt };
      })),
  );
  assert.equal(pictures.length, 2);
  for (const { width, alt } of pictures) assert.ok(width > 400 && alt !== "", `${alt}: ${width}`);
}

function addressOf(path: string): string {
  return path.replace(/README\.md$/, "").replace(/\.md$/, ".html");
}

async function askForAllPages(origin: string): Promise<void> {
  for (const { path, headings: [title] } of PAGES) {
    const text = await (await fetch(`${origin}/${addressOf(path)}`)).text();
    const [, heading] = /<h1[^>]*>(.*?)<a /s.exec(text) ?? [];
    assert.equal(heading?.replaceAll(/<[^>]*>/g, "").trim(), title.replaceAll("`", ""), path);
  }
}

/** Pages with wide tables, drawings and code fit a telephone. */
async function lookOnTelephone(page: Page, origin: string): Promise<void> {
  await page.setViewport({ width: 390, height: 844 });
  for (const name of ["docs/performance", "docs/how-it-works", "docs/glossary", "docs/api/core"]) {
    await page.goto(`${origin}/${name}.html`);
    const width = await page.$eval("html", (root) => root.scrollWidth);
    assert.ok(width <= 390, `${name} is ${width} pixels wide`);
  }
}

function assertQuiet({ consoleErrors, requests }: TestBrowser, origin: string): void {
  assert.deepEqual(consoleErrors, []);
  const elsewhere = requests.filter((url) => !url.startsWith(origin) && !url.startsWith("data:"));
  assert.deepEqual(elsewhere, []);
}
