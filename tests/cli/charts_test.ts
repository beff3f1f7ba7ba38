import assert from "node:assert/strict";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { pageOf, writePage } from "../../cli/benchmark/charts/page.ts";
import { type Chart, type Report, type Series, SHARES } from "../../cli/benchmark/charts/report.ts";
import { startBrowser } from "../support/browser.ts";

type Element = DefaultTreeAdapterTypes.Element;
type Node = DefaultTreeAdapterTypes.Node;

const HOSTILE = `<script src="https://evil.example/x.js">alert('1')</script>&amp; " onload="x`;

function* elementsOf(node: Node): Generator<Element> {
  if ("tagName" in node) yield node;
  if ("childNodes" in node) { for (const child of node.childNodes) yield* elementsOf(child); }
}

function textOf(node: Node): string {
  if ("value" in node) return node.value;
  return "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
}

function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((each) => each.name === name)?.value;
}

/** The elements of a page that a browser parses without an error. */
async function read(report: Report): Promise<Element[]> {
  const errors: string[] = [];
  const document = parse(await pageOf(report), { onParseError: ({ code }) => errors.push(code) });
  assert.deepEqual(errors, []);
  return [...elementsOf(document)];
}

function inside(elements: readonly Element[], tag: string, parent: string): Element[] {
  return elements.filter(({ tagName }) => tagName === parent).flatMap((each) =>
    [...elementsOf(each)].filter(({ tagName }) => tagName === tag)
  );
}

function spread(median: number) {
  return { median, min: median / 2, max: median * 2 };
}

function curve(name: string, ns: number, isOurs = false): Series {
  const latenciesNs = SHARES.map((share) => ns * (1 + share));
  return { name, isOurs, value: spread(ns), ratio: spread(ns / 100), latenciesNs };
}

function bar(name: string, perSecond: number, isOurs = false): Series {
  return { name, isOurs, value: spread(perSecond), ratio: spread(perSecond / 1000) };
}

const LATENCIES: Chart = {
  title: "Round trip",
  explanation: "There and back.",
  unit: "ns",
  reference: "socket",
  series: [curve("socket", 100), curve("Ringbus", 200, true), curve("pipe", 90_000)],
  absent: [{ name: "homing pigeon", reason: "no pigeon is installed" }],
};

const RATES: Chart = {
  title: "Stream",
  explanation: "One way.",
  unit: "messages/s",
  reference: "socket",
  series: [bar("socket", 1000), bar("Ringbus", 2000, true)],
  absent: [],
};

function report(...charts: Chart[]): Report {
  return {
    title: "Figures",
    summary: "Of one machine.",
    date: new Date("2026-01-02T03:04:05Z"),
    facts: [["processor", "a fast one"]],
    charts,
    listings: [{ title: "Aims", head: ["aim", "found"], rows: [["fast", "faster"]] }],
  };
}

Deno.test("a page has a chart for every set of figures, with the name of every series", async () => {
  const elements = await read(report(LATENCIES, RATES));
  const pictures = elements.filter(({ tagName }) => tagName === "svg");
  assert.equal(pictures.length, 2);
  for (const [i, { series }] of [LATENCIES, RATES].entries()) {
    const words = [...elementsOf(pictures[i])].filter(({ tagName }) => tagName === "text");
    const texts = words.map(textOf);
    for (const { name } of series) assert.ok(texts.includes(name), name);
  }
  const drawn = (i: number, kind: string) =>
    [...elementsOf(pictures[i])].filter((each) =>
      attribute(each, "class")?.startsWith(`mark-${kind} role-mark`)
    );
  assert.equal(drawn(0, "line").length, LATENCIES.series.length);
  assert.equal(drawn(1, "rect").flatMap(({ childNodes }) => childNodes).length, 2);
});

Deno.test("a page marks p50, p90, p99 and p99.9 in a distribution, and lists them in its table", async () => {
  const elements = await read(report(LATENCIES));
  const ticks = inside(elements, "text", "svg").map(textOf);
  const heads = inside(elements, "th", "thead").map(textOf);
  for (const mark of ["p50", "p90", "p99", "p99.9"]) {
    assert.ok(ticks.includes(mark), mark);
    assert.ok(heads.includes(mark), mark);
  }
  const rows = inside(elements, "tr", "tbody").map((row) => row.childNodes.map(textOf));
  assert.deepEqual(rows[1], [
    "Ringbus",
    "200 ns (100 ns..400 ns)",
    "2.00x (1.00x..4.00x)",
    "300 ns",
    "380 ns",
    "398 ns",
    "400 ns",
  ]);
});

Deno.test("a page has the date, the machine, what was not measured and why, and the lists", async () => {
  const [root] = await read(report(LATENCIES));
  const text = textOf(root);
  for (
    const part of [
      "2026-01-02 03:04 UTC",
      "a fast one",
      "homing pigeon",
      "not measured: no pigeon is installed",
      "faster",
    ]
  ) assert.ok(text.includes(part), part);
});

Deno.test("bars show their difference from the reference", async () => {
  const elements = await read(report(RATES));
  const texts = inside(elements, "text", "svg").map(textOf);
  assert.ok(texts.includes("1.00 k/s"));
  assert.ok(texts.includes("2.00 k/s \u00b7 2.00x"));
});

Deno.test("a page escapes text from outside: no part of it becomes a tag", async () => {
  const hostile: Report = {
    title: HOSTILE,
    summary: HOSTILE,
    date: new Date(0),
    warning: HOSTILE,
    facts: [[HOSTILE, HOSTILE]],
    charts: [LATENCIES, RATES].map((chart) => ({
      ...chart,
      title: HOSTILE,
      explanation: HOSTILE,
      reference: HOSTILE,
      series: chart.series.map((series) => ({ ...series, name: HOSTILE, footnote: HOSTILE })),
      absent: [{ name: HOSTILE, reason: HOSTILE }],
    })),
    listings: [{ title: HOSTILE, head: [HOSTILE], rows: [[HOSTILE, HOSTILE]] }],
  };
  const elements = await read(hostile);
  assert.equal(elements.filter(({ tagName }) => tagName === "script").length, 0);
  assert.equal(
    elements.flatMap(({ attrs }) => attrs).filter(({ name }) => /^on/.test(name)).length,
    0,
  );
  const shown = elements.filter((each) => textOf(each) === HOSTILE).map(({ tagName }) => tagName);
  for (const tag of ["title", "h1", "h2", "p", "dt", "dd", "th", "td", "small", "text"]) {
    assert.ok(shown.includes(tag), tag);
  }
});

Deno.test("a page needs no other file, and its policy forbids to load any", async () => {
  const elements = await read(report(LATENCIES, RATES));
  const policy = elements.find((each) => attribute(each, "http-equiv") !== undefined)!;
  assert.equal(attribute(policy, "http-equiv"), "Content-Security-Policy");
  assert.match(attribute(policy, "content")!, /default-src 'none'/);
  for (const { tagName, attrs } of elements) {
    assert.ok(!["script", "link", "img", "iframe", "object", "image", "use"].includes(tagName));
    for (const { name, prefix, value } of attrs) {
      if (name === "xmlns" || prefix === "xmlns") continue;
      assert.doesNotMatch(`${name}=${value}`, /^(src|href)=|:\/\/|url\(|javascript:/);
    }
  }
  const style = textOf(elements.find(({ tagName }) => tagName === "style")!);
  assert.doesNotMatch(style, /@import|url\(/);
});

Deno.test("a chart without figures names what was not measured, and has no picture", async () => {
  const elements = await read(report({ ...LATENCIES, series: [] }));
  assert.equal(elements.filter(({ tagName }) => tagName === "svg").length, 0);
  assert.ok(textOf(elements[0]).includes("no pigeon is installed"));
});

/** Runs in the browser: the colour of a text in a chart, and the width of its longest line. */
const INK = `getComputedStyle(document.querySelector("svg text")).fill`;
const WIDEST = "Math.max(...[...document.querySelectorAll('svg path')].map(" +
  "(path) => path.getBoundingClientRect().width))";

Deno.test("a browser shows the charts, in light and dark, without an error or a request", async () => {
  await using browser = await startBrowser();
  const path = `${browser.folder}/pages/figures.html`;
  await writePage(path, report(LATENCIES, RATES));
  const url = `file://${path}`;
  const page = await browser.open(url);
  const inks: string[] = [];
  for (const value of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
    inks.push(String(await page.evaluate(INK)));
  }
  assert.notEqual(inks[0], inks[1]);
  assert.ok(Number(await page.evaluate(WIDEST)) > 100);
  assert.deepEqual(browser.consoleErrors, []);
  assert.deepEqual(browser.requests, [url]);
});
