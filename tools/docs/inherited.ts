/**
 * The members that a class or an interface inherits.
 *
 * @module
 */

import type { Definition, Entry, Member, Symbol } from "./doc.ts";
import { isPublic, nameOf } from "./signature.ts";

/** The members of one base. */
export interface Inherited {
  readonly base: string;
  /** File of the page that has the base. */
  readonly file: string;
  readonly members: readonly Member[];
}

/** The exports of all entries, by the files of their pages. */
export class Library {
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(entries: ReadonlyMap<string, Entry>) {
    this.#entries = entries;
  }

  /** What a symbol of a page inherits from bases of the package, the nearest base first. */
  inherited(file: string, { declarations }: Symbol): Inherited[] {
    const known = new Set(declarations.flatMap(({ def }) => membersOf(def).map(nameOf)));
    return declarations.flatMap(({ def }) => this.#fromBases(file, def, known));
  }

  /** @param known names of members that need no further mention; those that are found are added */
  #fromBases(from: string, definition: Definition, known: Set<string>): Inherited[] {
    return basesOf(definition).flatMap((base) => {
      const found = this.#find(base, from);
      if (found === undefined) return [];
      const { file, symbol } = found;
      const definitions = symbol.declarations.map(({ def }) => def);
      const members = definitions.flatMap(membersOf).filter((member) => isNew(member, known));
      const further = definitions.flatMap((each) => this.#fromBases(file, each, known));
      return members.length === 0 ? further : [{ base, file, members }, ...further];
    });
  }

  /** The symbol with a name: that of the page, or that of the first page that has one. */
  #find(name: string, from: string): { file: string; symbol: Symbol } | undefined {
    for (const file of [from, ...this.#entries.keys()]) {
      const symbol = this.#entries.get(file)!.symbols.find((each) => each.name === name);
      if (symbol !== undefined) return { file, symbol };
    }
    return undefined;
  }
}

function basesOf({ extends: bases = [] }: Definition): string[] {
  if (typeof bases === "string") return [bases];
  return bases.map(({ value, repr }) => value?.typeName ?? repr);
}

function membersOf({ properties = [], methods = [] }: Definition): Member[] {
  return [...properties, ...methods].filter((member) => isPublic(member) && !member.isStatic);
}

/** True if the name of a member is not known yet; it is afterwards. */
function isNew(member: Member, known: Set<string>): boolean {
  const before = known.size;
  return known.add(nameOf(member)).size > before;
}
