/**
 * The page of an entry, in Markdown.
 *
 * @module
 */

import type { Declaration, Entry, JsDoc, Member, Symbol } from "./doc.ts";
import type { Inherited, Library } from "./inherited.ts";
import { isOptions, optionTable } from "./option_table.ts";
import { isPublic, nameOf, signature, typeText } from "./signature.ts";
import { linked, sentence } from "./text.ts";

/** The page of an entry of the package. `specifier` is the name that programs import. */
export function pageOf(
  specifier: string,
  file: string,
  { jsDoc, symbols }: Entry,
  library: Library,
): string {
  return [
    `# ${specifier}`,
    ...prose(jsDoc),
    symbols.map(({ name }) => `[${name}](#${anchor(name)})`).join(" · "),
    ...symbols.flatMap((symbol) => {
      const inherited = library.inherited(file, symbol);
      return isOptions(symbol)
        ? [...heading(symbol), ...optionTable(symbol, inherited, file)]
        : [...section(symbol, symbols), ...inheritedLists(inherited, file)];
    }),
  ].join("\n\n") + "\n";
}

/** Makes the anchors of headings as the renderers of Markdown do. */
function anchor(name: string): string {
  return name.toLowerCase();
}

function section(symbol: Symbol, symbols: readonly Symbol[]): string[] {
  const { name, declarations } = symbol;
  const [first] = declarations;
  if (first.kind === "reference") {
    return [`## ${name}`, `Another name of ${original(first, symbols)}.`];
  }
  return [...heading(symbol), ...memberList(declarations)];
}

function heading({ name, declarations }: Symbol): string[] {
  return [
    `## ${name}`,
    code(declarations.map((each) => signature(name, each)).join("\n")),
    ...prose(declarations[0].jsDoc ?? {}),
  ];
}

function original({ def: { target } }: Declaration, symbols: readonly Symbol[]): string {
  const found = symbols.find(({ declarations: [{ location }] }) =>
    location.filename === target!.filename && location.line === target!.line
  );
  return `[${found!.name}](#${anchor(found!.name)})`;
}

function inheritedLists(all: readonly Inherited[], page: string): string[] {
  return all.map(({ base, file, members }) => {
    const link = `[${base}](${file === page ? "" : file}#${anchor(base)})`;
    return `Inherited from ${link}: ${
      members.map((member) => `\`${nameOf(member)}\``).join(", ")
    }.`;
  });
}

function memberList(declarations: readonly Declaration[]): string[] {
  const lines = declarations.flatMap((
    { def: { constructors = [], properties = [], methods = [] } },
  ) => [...constructors, ...properties, ...methods].filter(isPublic).flatMap(memberLine));
  return lines.length === 0 ? [] : [lines.join("\n")];
}

function memberLine(member: Member): string[] {
  const { jsDoc } = member;
  const text = [sentence(jsDoc?.doc ?? ""), ...outcomes(jsDoc ?? {})].filter((each) => each !== "");
  return text.length === 0 ? [] : [`- \`${nameOf(member)}\`: ${text.join(" ")}`];
}

function prose(jsDoc: JsDoc): string[] {
  const examples = (jsDoc.tags ?? []).filter(({ kind }) => kind === "example");
  return [
    linked(jsDoc.doc ?? "").trim(),
    outcomes(jsDoc).join(" "),
    ...examples.map(({ doc }) => linked(doc!).replace("```ts ignore", "```ts").trim()),
  ].filter((text) => text !== "");
}

/** What it returns and throws, as sentences. */
function outcomes({ tags = [] }: JsDoc): string[] {
  return tags.flatMap(({ kind, tsType, doc = "" }) => {
    if (kind === "return") return [`Returns ${sentence(doc)}.`];
    if (kind !== "throws") return [];
    return [
      tsType === undefined
        ? `Throws ${sentence(doc)}.`
        : `Throws \`${typeText(tsType)}\` ${sentence(doc)}.`,
    ];
  });
}

function code(text: string): string {
  return `\`\`\`ts\n${text}\n\`\`\``;
}
