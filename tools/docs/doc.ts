/**
 * The output of `deno doc --json` for an entry of the package.
 *
 * @module
 */

/** A comment. */
export interface JsDoc {
  readonly doc?: string;
  readonly tags?: readonly Tag[];
}

/** A tag in a comment. */
export interface Tag {
  readonly kind: string;
  readonly doc?: string;
  readonly tsType?: Type;
}

/** A type, by its kind. */
export interface Type {
  readonly kind: string;
  readonly repr?: string;
  // deno-lint-ignore no-explicit-any
  readonly value?: any;
}

/** A parameter of a function. */
export interface Parameter {
  readonly kind: string;
  readonly name?: string;
  readonly optional?: boolean;
  readonly tsType?: Type;
  /** What a rest parameter collects. */
  readonly arg?: Parameter;
  /** The parameter that has an initial value. */
  readonly left?: Parameter;
}

/** A parameter of a type. */
export interface TypeParameter {
  readonly name: string;
  readonly constraint?: Type;
  readonly default?: Type;
}

/** Parameters and result of a function. */
export interface FunctionShape {
  readonly params: readonly Parameter[];
  readonly returnType?: Type;
  readonly typeParams?: readonly TypeParameter[];
  /** Set if it has statements. */
  readonly hasBody?: boolean;
}

/** A property, method or constructor. */
export interface Member extends Partial<FunctionShape> {
  readonly name?: string;
  readonly kind?: string;
  readonly jsDoc?: JsDoc;
  readonly accessibility?: string;
  readonly isStatic?: boolean;
  readonly isAbstract?: boolean;
  readonly readonly?: boolean;
  readonly optional?: boolean;
  readonly tsType?: Type;
  readonly functionDef?: FunctionShape;
}

/** The content of a declaration. Its fields depend on its kind. */
export interface Definition extends Partial<FunctionShape> {
  readonly isAbstract?: boolean;
  readonly extends?: string | readonly Type[];
  readonly superTypeParams?: readonly Type[];
  readonly implements?: readonly Type[];
  readonly constructors?: readonly Member[];
  readonly properties?: readonly Member[];
  readonly methods?: readonly Member[];
  readonly tsType?: Type;
  readonly target?: Location;
}

/** A place in a source. */
export interface Location {
  readonly filename: string;
  readonly line: number;
}

/** One declaration of a symbol. */
export interface Declaration {
  readonly kind: string;
  readonly jsDoc?: JsDoc;
  readonly location: Location;
  readonly def: Definition;
}

/** An export of an entry. */
export interface Symbol {
  readonly name: string;
  readonly declarations: readonly Declaration[];
}

/** An entry of the package. */
export interface Entry {
  readonly jsDoc: JsDoc;
  readonly symbols: readonly Symbol[];
}

/** The version of the JSON that is read here. */
const VERSION = 2;

/** Runs `deno doc` for a file. */
export async function entryAt(path: string): Promise<Entry> {
  const args = ["doc", "--json", path];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(`deno doc ${path}: ${new TextDecoder().decode(stderr)}`);
  const { version, nodes } = JSON.parse(new TextDecoder().decode(stdout));
  if (version !== VERSION) throw new Error(`deno doc writes version ${version}, not ${VERSION}`);
  const [{ module_doc, symbols }] = Object.values(nodes) as {
    module_doc: JsDoc;
    symbols: Symbol[];
  }[];
  const byName = (a: Symbol, b: Symbol) => a.name < b.name ? -1 : 1;
  return { jsDoc: module_doc, symbols: symbols.map(withoutImplementations).toSorted(byName) };
}

/** A symbol without what implements overloads: nobody can call it with those parameters. */
function withoutImplementations(symbol: Symbol): Symbol {
  const declarations = callable(symbol.declarations, () => symbol.name, ({ def }) => def.hasBody);
  return { ...symbol, declarations: declarations.map(withCallableMembers) };
}

function withCallableMembers(declaration: Declaration): Declaration {
  const { def } = declaration;
  const nameOf = ({ name, isStatic }: Member) => `${isStatic} ${name}`;
  const members = (all: readonly Member[]) =>
    callable(all, nameOf, ({ hasBody, functionDef }) => hasBody ?? functionDef?.hasBody);
  return {
    ...declaration,
    def: {
      ...def,
      ...def.methods && { methods: members(def.methods) },
      ...def.constructors && { constructors: members(def.constructors) },
    },
  };
}

/** Those with a body only if none of the same name is without one. */
function callable<T>(
  all: readonly T[],
  nameOf: (one: T) => string,
  hasBody: (one: T) => boolean | undefined,
): T[] {
  const overloaded = new Set(all.filter((one) => !hasBody(one)).map(nameOf));
  return all.filter((one) => !hasBody(one) || !overloaded.has(nameOf(one)));
}
