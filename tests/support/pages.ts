/**
 * The pages of the documentation, taken apart: code blocks, headings and links.
 *
 * @module
 */

import GithubSlugger from "github-slugger";
import { lexer, type Token, type Tokens, walkTokens } from "marked";
import { pagePaths } from "../../tools/docs/page_paths.ts";
import { ROOT } from "./program.ts";

/** A fenced block of code. */
export interface Block {
  /** The page's path from the root of the repository. */
  readonly page: string;
  /** The line of its fence. */
  readonly line: number;
  /** First word behind the fence. */
  readonly language: string;
  /** The rest of the words behind the fence. */
  readonly attributes: string;
  readonly text: string;
}

/** A link to somewhere else in the repository or the world. */
export interface Link {
  readonly page: string;
  readonly target: string;
}

/** A page of Markdown. */
export interface Page {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly links: readonly Link[];
  /** Code within sentences, without its backticks. */
  readonly codeSpans: readonly string[];
  /** The headings' texts as they are written, in their order. */
  readonly headings: readonly string[];
  /** What a link to a heading of this page has behind `#`. */
  readonly anchors: ReadonlySet<string>;
}

/** Pages whose text is generated from the sources, where its blocks are run. */
export const GENERATED = "docs/api/";

/** All pages. */
export const PAGES: readonly Page[] = pagePaths().sort().map(readPage);

/** Pages that are written by hand. */
export const WRITTEN_PAGES: readonly Page[] = PAGES.filter((page) =>
  !page.path.startsWith(GENERATED)
);

/** The blocks of code of the pages that are written by hand. */
export function blocksOf(...languages: string[]): Block[] {
  return WRITTEN_PAGES.flatMap((page) => page.blocks)
    .filter((block) => languages.includes(block.language));
}

/** Where a block is, for a person. */
export function locationOf({ page, line }: Block): string {
  return `${page}:${line}`;
}

/** A page that is there. */
export function pageAt(path: string): Page {
  const page = PAGES.find((page) => page.path === path);
  if (page === undefined) throw new Error(`there is no ${path}`);
  return page;
}

function readPage(path: string): Page {
  const text = Deno.readTextFileSync(new URL(path, ROOT));
  const slugger = new GithubSlugger();
  const blocks: Block[] = [];
  const links: Link[] = [];
  const codeSpans: string[] = [];
  const headings: string[] = [];
  const anchors = new Set<string>();
  let searchFrom = 0;
  walkTokens(lexer(text), (token) => {
    if (token.type === "code" && token.lang !== undefined) {
      const at = text.indexOf(token.raw.split("\n")[0], searchFrom);
      searchFrom = at + 1;
      blocks.push(blockOf(token as Tokens.Code, path, text.slice(0, at).split("\n").length));
    } else if (token.type === "heading") {
      headings.push(token.text);
      anchors.add(slugger.slug(plainText(token.tokens!)));
    } else if (token.type === "link" || token.type === "image") {
      links.push({ page: path, target: token.href });
    } else if (token.type === "codespan") {
      codeSpans.push(token.text);
    }
  });
  return { path, text, blocks, links, codeSpans, headings, anchors };
}

function blockOf({ lang, text }: Tokens.Code, page: string, line: number): Block {
  const [, language, attributes] = /^(\S*)\s*(.*)$/.exec(lang!)!;
  return { page, line, language, attributes, text };
}

function plainText(tokens: readonly Token[]): string {
  return tokens.map((token) =>
    "tokens" in token && token.tokens !== undefined
      ? plainText(token.tokens)
      : "text" in token
      ? token.text
      : ""
  ).join("");
}
