/**
 * The classes of errors in the sources, read from their syntax trees: private ones are found too.
 *
 * @module
 */

import { parse } from "@babel/parser";
import type { Node } from "./error_messages.ts";
import { ROOT } from "./program.ts";

/** A class of errors as its source declares it. */
export interface ErrorClass {
  readonly name: string;
  readonly parent: string;
  /** Value of its field `name`. */
  readonly ownName: string | undefined;
  /** Value of its field `code`. */
  readonly code: string | undefined;
  /** True if its comment has `@internal`: callers of the public API never see it. */
  readonly isInternal: boolean;
  readonly location: string;
}

/** The classes in some files that extend `Error`, or a class that does. */
export function errorClassesIn(paths: Iterable<string>): ErrorClass[] {
  const classes = [...paths].flatMap(classesOf);
  const errors = new Set(["Error"]);
  let found = 0;
  while (found < errors.size) {
    found = errors.size;
    for (const { name, parent } of classes) if (errors.has(parent)) errors.add(name);
  }
  return classes.filter(({ parent }) => errors.has(parent));
}

function classesOf(path: string): ErrorClass[] {
  const source = Deno.readTextFileSync(new URL(path, ROOT));
  const tree = parse(source, { sourceType: "module", plugins: ["typescript"] });
  return (tree.program.body as unknown as Node[]).flatMap((node) => {
    const statement = node["declaration"] ?? node;
    if (statement.type !== "ClassDeclaration" || statement.superClass?.type !== "Identifier") {
      return [];
    }
    const comment = node["leadingComments"]?.at(-1)?.value ?? "";
    return [{
      name: statement.id.name,
      parent: statement.superClass.name,
      ownName: fieldOf(statement, "name"),
      code: fieldOf(statement, "code"),
      isInternal: comment.includes("@internal"),
      location: `${path}:${statement.loc.start.line}`,
    }];
  });
}

function fieldOf(statement: Node, field: string): string | undefined {
  const found = statement["body"].body.find((member: Node) =>
    member.type === "ClassProperty" && member["key"].name === field
  );
  return found?.value?.value;
}
