// Checks the pages of the documentation: links, paths, size, and the syntax of code that is not run.

import assert from "node:assert/strict";
import { parse as parseJavaScript } from "@babel/parser";
import { lexer, type Tokens, walkTokens } from "marked";
import { parseAllDocuments } from "yaml";
import { covers, isDescriptive, sourcesIn, textsIn } from "../support/error_messages.ts";
import {
  blocksOf,
  GENERATED,
  locationOf,
  type Page,
  pageAt,
  PAGES,
  WRITTEN_PAGES,
} from "../support/pages.ts";
import { ROOT } from "../support/program.ts";

/** Languages that tests/docs/pages_run_test.ts and `deno test --doc` run. */
const RUN = ["ts", "sh"];

/** The folders of the repository that have sources or pages, each the beginning of a path. */
const FOLDERS = [
  "\\.ci",
  "backends",
  "bench",
  "cli",
  "docs",
  "examples",
  "lib",
  "otel",
  "testing",
  "tests",
  "tools",
  "wasm",
];
const REPOSITORY_PATH = new RegExp(`^(?:${FOLDERS.join("|")})/[\\w./-]*$`);

function feed(text: string, command: string, ...args: string[]): Promise<void> {
  return withFile(text, async (path) => {
    const { success, stderr } = await new Deno.Command(command, { args: [...args, path] }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  });
}

async function withFile(text: string, use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, text);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

const PARSE_PYTHON = "import ast, sys; ast.parse(open(sys.argv[1]).read())";

/** Instructions of a Dockerfile, their continuation lines joined. */
function checkDockerfile(text: string): void {
  const instructions = text.replaceAll("\\\n", " ").split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const known = /^(FROM|ARG|RUN|COPY|WORKDIR|ENV|USER|EXPOSE|VOLUME|CMD|ENTRYPOINT|HEALTHCHECK) \S/;
  for (const line of instructions) assert.match(line, known);
  assert.match(instructions[0], /^(FROM|ARG) /);
}

/** Lines that begin with a prompt are commands; the other lines are output. */
function commandsOf(text: string): string {
  const lines = text.split("\n").filter((line) => line.startsWith("$ "));
  assert.notEqual(lines.length, 0, 'a console block has lines that begin with "$ "');
  return lines.map((line) => line.slice(2)).join("\n");
}

const PARSERS: Record<string, (text: string) => unknown> = {
  text: () => undefined,
  console: (text) => feed(commandsOf(text), "bash", "-n"),
  python: (text) => feed(text, "python3", "-c", PARSE_PYTHON),
  c: (text) => feed(text, "cc", "-fsyntax-only", "-x", "c"),
  json: (text) => JSON.parse(text),
  js: (text) => parseJavaScript(text, { sourceType: "module" }),
  dockerfile: checkDockerfile,
  yaml(text) {
    for (const { errors } of parseAllDocuments(text)) assert.deepEqual(errors, []);
  },
};

Deno.test("every block of code has a language that is run or parsed", () => {
  const known = new Set([...RUN, ...Object.keys(PARSERS)]);
  for (const block of WRITTEN_PAGES.flatMap((page) => page.blocks)) {
    assert.ok(known.has(block.language), `${locationOf(block)}: "${block.language}"`);
  }
});

for (const [language, parse] of Object.entries(PARSERS)) {
  Deno.test(`code of the pages in ${language} can be parsed`, async () => {
    for (const block of blocksOf(language)) {
      try {
        await parse(block.text);
      } catch (cause) {
        throw new Error(`${locationOf(block)}: ${(cause as Error).message}`, { cause });
      }
    }
  });
}

Deno.test("code of the reference can be parsed", () => {
  const pages = PAGES.filter(({ path }) => path.startsWith(GENERATED));
  const blocks = pages.flatMap((page) => page.blocks).filter(({ language }) => language === "ts");
  assert.ok(blocks.length > 100);
  for (const block of blocks) {
    try {
      parseJavaScript(block.text, {
        sourceType: "module",
        plugins: [["typescript", { dts: !/^import /m.test(block.text) }]],
      });
    } catch (cause) {
      throw new Error(`${locationOf(block)}: ${(cause as Error).message}`, { cause });
    }
  }
});

function isThere(url: URL): boolean {
  try {
    Deno.statSync(url);
    return true;
  } catch {
    return false;
  }
}

Deno.test("links of the pages lead to existing files and headings", () => {
  const broken: string[] = [];
  for (const { path, links } of PAGES) {
    for (const { target } of links.filter(({ target }) => !/^\w+:/.test(target))) {
      const url = new URL(target, new URL(path, ROOT));
      const anchor = url.hash.slice(1);
      url.hash = "";
      const page = PAGES.find(({ path }) => new URL(path, ROOT).href === url.href);
      const isFound = anchor === "" ? isThere(url) : page?.anchors.has(decodeURI(anchor));
      if (!isFound) broken.push(`${path}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

/** Words of a page's code that name a file or a folder of the repository. */
function repositoryPathsIn({ codeSpans, blocks }: Page): string[] {
  const commands = blocks.filter(({ language }) => language === "console").map(({ text }) => text);
  return [...codeSpans, ...commands].flatMap((code) => code.split(/\s+/)).filter((word) =>
    REPOSITORY_PATH.test(word)
  );
}

Deno.test("paths of the repository that the pages name exist", () => {
  const named = WRITTEN_PAGES.flatMap((page) =>
    repositoryPathsIn(page).map((path) => ({ page: page.path, path }))
  );
  assert.ok(named.length > 50);
  const missing = named.filter(({ path }) => !isThere(new URL(path, ROOT)));
  assert.deepEqual(missing, []);
});

Deno.test("tests that the page on reliability names exist", () => {
  const rows = lexer(pageAt("docs/reliability.md").text)
    .filter((token): token is Tokens.Table => token.type === "table")
    .filter(({ header }) => header.at(-1)!.text === "test")
    .flatMap(({ rows }) => rows);
  const titles = textsIn(sourcesIn("tests/lib/", "tests/stress/", "tests/backends/")).map((
    { text },
  ) => text).filter(
    isDescriptive,
  );
  const missing = rows.map((row) => row.at(-1)!.text)
    .filter((named) => !titles.some((title) => title === named || covers(title, named)));
  assert.ok(rows.length > 10);
  assert.deepEqual(missing, []);
});

Deno.test("every example is in the table of examples, and is run by the tests", () => {
  const targets = new Set(pageAt("examples/README.md").links.map(({ target }) => target));
  const tests = [...sourcesIn("tests/")]
    .map((path) => Deno.readTextFileSync(new URL(path, ROOT)))
    .join("\n");
  const folders = [...Deno.readDirSync(new URL("examples/", ROOT))].filter((each) =>
    each.isDirectory
  );
  for (const { name } of folders) {
    assert.ok(targets.has(name), `${name} is not in examples/README.md`);
    assert.ok(
      tests.includes(`${name}/`) || tests.includes(`example ${name}`),
      `${name} is not run`,
    );
  }
});

Deno.test("the command in the header of an example names that example", () => {
  let count = 0;
  for (const path of sourcesIn("examples/")) {
    const [header] = Deno.readTextFileSync(new URL(path, ROOT)).split(/\n(?!\/\/)/);
    for (const [, named] of header.matchAll(/deno run .*?(examples\/\S+\.ts)/g)) {
      assert.ok(named === path || header.includes(`${path}`), path);
      count++;
    }
  }
  assert.ok(count > 30);
});

Deno.test("the README links to the index of all pages, and to the pages outside of docs", () => {
  const targets = new Set(pageAt("README.md").links.map(({ target }) => target));
  for (const path of ["docs/README.md", "examples/README.md", "CONTRIBUTING.md", "CHANGELOG.md"]) {
    assert.ok(targets.has(path), path);
  }
});

Deno.test("the README is one screen", () => {
  assert.ok(pageAt("README.md").text.trimEnd().split("\n").length <= 60);
});

Deno.test("every line of a table or a quote belongs to one", () => {
  const torn = PAGES.flatMap(({ path, text }) => tornLines(text).map((line) => `${path}: ${line}`));
  assert.deepEqual(torn, []);
  assert.deepEqual(tornLines("| a |\n| --- |\n| 1 |\n\n| 2 |\n"), ["| 2 |"]);
  assert.deepEqual(tornLines("text\n| a | b |\n"), ["| a | b |"]);
  assert.deepEqual(tornLines("- > one\n\n  two > three\n"), []);
});

/** Lines with the marks of a table or a quote that Markdown takes for text. */
function tornLines(text: string): string[] {
  const torn: string[] = [];
  walkTokens(lexer(text), (token) => {
    if (token.type !== "paragraph" && token.type !== "text") return;
    for (const line of token.raw.split("\n")) if (/^ *[|>]/.test(line)) torn.push(line.trim());
  });
  return [...new Set(torn)];
}
