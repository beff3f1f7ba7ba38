/**
 * The texts in the sources, and which of them are messages of errors, with `…` for what varies.
 *
 * @module
 */

import { parse } from "@babel/parser";
import { ROOT } from "./program.ts";

/** The number of characters that identifies a text. */
const DESCRIPTIVE_LENGTH = 10;
/** What varies in a text. */
export const VARIES = "…";

/** A text, and where it stands. */
export interface SourceText {
  readonly text: string;
  readonly location: string;
  /** True if an error is made with it. */
  readonly isMessage: boolean;
}

/** What is read of a syntax tree. */
export interface Node {
  readonly type: string;
  readonly loc: { readonly start: { readonly line: number } };
  // deno-lint-ignore no-explicit-any
  readonly [key: string]: any;
}

/** Sources in some folders of the repository, and in those within. */
export function* sourcesIn(...folders: string[]): Generator<string> {
  for (const folder of folders) {
    for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
      if (isDirectory) yield* sourcesIn(`${folder}${name}/`);
      else if (name.endsWith(".ts")) yield `${folder}${name}`;
    }
  }
}

/** All texts of some files. */
export function textsIn(paths: Iterable<string>): SourceText[] {
  return [...paths].flatMap((path) => {
    const source = Deno.readTextFileSync(new URL(path, ROOT));
    const tree = parse(source, { sourceType: "module", plugins: ["typescript"] });
    const nodes = [...nodesOf(tree.program as unknown as Node)];
    const messages = new Set(nodes.flatMap(messageOf));
    return nodes.filter(isText).flatMap((node) =>
      textsOf(node).map((text) => ({
        text: text.replaceAll(/…+/g, VARIES),
        location: `${path}:${node.loc.start.line}`,
        isMessage: messages.has(node),
      }))
    );
  });
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of Object.values(node).flat()) {
    if (typeof child?.type === "string") yield* nodesOf(child);
  }
}

function isText({ type, operator }: Node): boolean {
  return type === "StringLiteral" || type === "TemplateLiteral" ||
    type === "ConditionalExpression" || type === "BinaryExpression" && operator === "+";
}

/** The argument that is the message, where a node makes an error; `super` does in a class of errors. */
function messageOf({ type, callee, arguments: args }: Node): Node[] {
  const isError = type === "NewExpression" && /Error$/.test(callee.name) ||
    type === "CallExpression" && callee.type === "Super";
  if (!isError) return [];
  const message = (args as Node[]).find((arg) => isText(arg) && textsOf(arg).some(isSentence));
  return message === undefined ? [] : [message];
}

function isSentence(text: string): boolean {
  return /[a-z] |[ ][a-z]/.test(text);
}

/** A raw text, such as the code of another language, may have escapes that mean nothing here. */
function textOfPart({ cooked, raw }: { cooked: string | null; raw: string }): string {
  return cooked ?? raw;
}

/** The texts that an expression may have. */
function textsOf(node: Node): string[] {
  switch (node.type) {
    case "StringLiteral":
      return [node["value"]];
    case "TemplateLiteral":
      return (node["quasis"] as Node[]).slice(1).reduce(
        (texts, { value }, i) =>
          combine(combine(texts, textsOf(node["expressions"][i])), [textOfPart(value)]),
        [textOfPart(node["quasis"][0].value)],
      );
    case "BinaryExpression":
      return combine(textsOf(node["left"]), textsOf(node["right"]));
    case "ConditionalExpression":
      return [...textsOf(node["consequent"]), ...textsOf(node["alternate"])];
    default:
      return [VARIES];
  }
}

function combine(heads: string[], tails: string[]): string[] {
  return heads.flatMap((head) => tails.map((tail) => head + tail));
}

/** True if two texts with placeholders can become the same, and begin alike. */
export function canBeSame(one: string, other: string): boolean {
  const [head, otherHead] = [one, other].map((text) => text.split(VARIES)[0]);
  const shared = Math.min(head.length, otherHead.length);
  if (shared < DESCRIPTIVE_LENGTH || head.slice(0, shared) !== otherHead.slice(0, shared)) {
    return false;
  }
  return canOverlap(one, other);
}

function canOverlap(one: string, other: string): boolean {
  if (one === "" || other === "") return one.replace(VARIES, "") === other.replace(VARIES, "");
  if (one[0] === VARIES) return canOverlap(one.slice(1), other) || canOverlap(one, other.slice(1));
  if (other[0] === VARIES) return canOverlap(other, one);
  return one[0] === other[0] && canOverlap(one.slice(1), other.slice(1));
}

/** True if a text with placeholders stands for another one. */
export function covers(general: string, special: string): boolean {
  const [head, ...rest] = general.split(VARIES);
  const tail = rest.pop();
  if (tail === undefined) return general === special;
  if (!special.startsWith(head) || !special.endsWith(tail)) return false;
  let at = head.length;
  for (const part of rest) {
    at = special.indexOf(part, at) + part.length;
    if (at < part.length) return false;
  }
  return at + tail.length <= special.length;
}

/** True if the text is specific enough to identify the error. */
export function isDescriptive(text: string): boolean {
  return text.replaceAll(VARIES, "").length >= DESCRIPTIVE_LENGTH;
}
