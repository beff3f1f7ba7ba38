/**
 * The table of an options object: a row for each field, those of its bases included.
 *
 * @module
 */

import type { Definition, Member, Symbol } from "./doc.ts";
import type { Inherited } from "./inherited.ts";
import { isPublic, nameOf, typeText } from "./signature.ts";
import { sentence } from "./text.ts";

/** True for an interface of options: its name says so, and it has fields alone. */
export function isOptions({ name, declarations: [{ kind, def }] }: Symbol): boolean {
  return kind === "interface" && /(?:Options|Config)$/.test(name) &&
    (def.methods ?? []).filter(isPublic).length === 0;
}

/** A table with the fields of options and of their bases. */
export function optionTable(
  { declarations }: Symbol,
  inherited: readonly Inherited[],
  page: string,
): string[] {
  const own = declarations.flatMap(({ def }) => fieldsOf(def)).map((field) => row(field));
  const further = inherited.flatMap(({ base, file, members }) => {
    const from = ` (of [${base}](${file === page ? "" : file}#${base.toLowerCase()}))`;
    return members.map((member) => row(member, from));
  });
  const rows = [...own, ...further];
  if (rows.length === 0) return [];
  return [
    ["| option | type | default | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n"),
  ];
}

function fieldsOf({ properties = [] }: Definition): Member[] {
  return properties.filter(isPublic);
}

function row(field: Member, from = ""): string {
  const { meaning, initial } = splitDefault(sentence(field.jsDoc?.doc ?? ""));
  const type = typeText(field.tsType!).replace(/ \| undefined$/, "");
  const otherwise = initial ?? (field.optional === true ? "none" : "needed");
  const cells = [`\`${nameOf(field)}\`${from}`, `\`${type}\``, otherwise, meaning];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** The sentence of a comment that begins with "Default:", and the rest. */
export function splitDefault(text: string): { meaning: string; initial?: string } {
  const found = /(?:^|(?<=[.;:] ))Default(?:, or null)?: (.*?)(?:\.(?= [A-Z`"])|\.?$)/.exec(text);
  if (found === null) return { meaning: text };
  const before = text.slice(0, found.index).trim().replace(/;$/, ".");
  const after = text.slice(found.index + found[0].length).trim();
  return { meaning: [before, after].filter((part) => part !== "").join(" "), initial: found[1] };
}
