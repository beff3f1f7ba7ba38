/**
 * The calls of the package that take an object of options, and the others, read from its documentation.
 *
 * @module
 */

import {
  type Declaration,
  type Entry,
  entryAt,
  type Member,
  type Parameter,
  type Type,
} from "../../tools/docs/doc.ts";
import { ROOT } from "./program.ts";

/** An option, by its documentation. */
export interface DocumentedOption {
  readonly name: string;
  /** True if its type allows any value. */
  readonly isAny: boolean;
}

/** A public function, method or constructor. */
export interface PublicCall {
  /** Such as `"Puller.recv"`, `"new Puller"` or `"listChannels"`. */
  readonly name: string;
  /** Number of its parameters. */
  readonly parameters: number;
  /** The options that it takes, if its last parameter is an object of options. */
  readonly options: readonly DocumentedOption[] | undefined;
  /** The options that it takes as the first of two parameters: a configuration. */
  readonly configuration: readonly DocumentedOption[] | undefined;
  /** True if it takes any number of arguments. */
  readonly isVariadic: boolean;
}

/** All public calls of the package, in the order of their names. */
export async function publicCalls(): Promise<PublicCall[]> {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const entries: Entry[] = [];
  for (const path of Object.values<string>(exports)) {
    entries.push(await entryAt(new URL(path, ROOT).pathname));
  }
  const reader = new Reader(entries);
  const calls = new Map(reader.calls().map((call) => [call.name, call]));
  return [...calls.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

class Reader {
  readonly #entries: readonly Entry[];
  readonly #types = new Map<string, Declaration>();

  constructor(entries: readonly Entry[]) {
    this.#entries = entries;
    for (const { symbols } of entries) {
      for (const { name, declarations } of symbols) {
        const type = declarations.find(({ kind }) => kind === "interface" || kind === "typeAlias");
        if (type !== undefined) this.#types.set(name, type);
      }
    }
  }

  calls(): PublicCall[] {
    return this.#entries.flatMap(({ symbols }) =>
      symbols.flatMap(({ name, declarations }) =>
        declarations.flatMap((declaration) => this.#callsOf(name, declaration))
      )
    );
  }

  #callsOf(name: string, { kind, def }: Declaration): PublicCall[] {
    if (kind === "function") return [this.#call(name, def.params!)];
    if (kind !== "class") return [];
    const constructors = def.isAbstract ? [] : (def.constructors ?? []).filter(isPublic);
    const methods = (def.methods ?? []).filter((method) =>
      isPublic(method) && !method.isAbstract && method.kind === "method"
    );
    return [
      ...constructors.map(({ params }) => this.#call(`new ${name}`, params!)),
      ...methods.map((method) => this.#call(`${name}.${method.name}`, method.functionDef!.params)),
    ];
  }

  #call(name: string, parameters: readonly Parameter[]): PublicCall {
    const last = parameters.at(-1);
    const options = last === undefined ? undefined : this.#optionsIn(typeOf(last));
    const configuration = parameters.length === 2
      ? this.#optionsIn(typeOf(parameters[0]))
      : undefined;
    const isVariadic = last?.kind === "rest";
    return { name, parameters: parameters.length, options, configuration, isVariadic };
  }

  /** The properties of a type, if all values of the type are objects of options. */
  #optionsIn(type: Type | undefined): DocumentedOption[] | undefined {
    if (type?.kind === "typeLiteral") return optionsOf(type.value.properties);
    if (type?.kind !== "typeRef") return undefined;
    const { typeName, typeParams = [] } = type.value;
    if (typeName === "Omit") return this.#without(typeParams[0], typeParams[1]);
    return OPTIONS_TYPE.test(typeName) ? this.#optionsNamed(typeName) : undefined;
  }

  #optionsNamed(name: string): DocumentedOption[] | undefined {
    const declaration = this.#types.get(name);
    if (declaration === undefined) return undefined;
    const { kind, def } = declaration;
    if (kind === "typeAlias") return this.#optionsIn(def.tsType);
    const inherited = (def.extends as readonly Type[] | undefined ?? [])
      .flatMap((base) => this.#optionsIn(base) ?? []);
    return [...inherited, ...optionsOf(def.properties ?? [])];
  }

  #without(type: Type, names: Type): DocumentedOption[] | undefined {
    const excluded = this.#names(names);
    return this.#optionsIn(type)?.filter(({ name }) => !excluded.includes(name));
  }

  #names({ kind, value }: Type): string[] {
    if (kind === "literal") return [value.string];
    if (kind === "union") return (value as Type[]).flatMap((each) => this.#names(each));
    return (this.#optionsIn(value.tsType) ?? []).map(({ name }) => name);
  }
}

/** How types of options are named. */
const OPTIONS_TYPE = /(?:Options|Config|Init|Filters|View|Address|MessageRecord)$|^SlotPlace$/;

function isPublic({ accessibility, jsDoc }: Member): boolean {
  return accessibility === undefined && !jsDoc?.tags?.some(({ kind }) => kind === "internal");
}

function typeOf(parameter: Parameter & { left?: Parameter }): Type | undefined {
  return parameter.kind === "assign" ? parameter.left!.tsType : parameter.tsType;
}

function optionsOf(properties: readonly Member[]): DocumentedOption[] {
  return properties.map(({ name, tsType }) => ({ name: name!, isAny: isAny(tsType) }));
}

function isAny(type: Type | undefined): boolean {
  return type?.kind === "keyword" && type.value === "unknown" ||
    type?.kind === "typeRef" && type.value.resolution?.kind === "typeParam";
}
