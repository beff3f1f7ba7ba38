/**
 * Declarations as TypeScript, without bodies.
 *
 * @module
 */

import type {
  Declaration,
  Definition,
  FunctionShape,
  Member,
  Parameter,
  Type,
  TypeParameter,
} from "./doc.ts";

const PRIMITIVES: Record<string, (value: Type) => string> = {
  keyword: ({ repr }) => repr!,
  literal: ({ repr, value }) =>
    value.kind === "string"
      ? JSON.stringify(value.string)
      : value.kind === "template"
      ? `\`${value.tsTypes.map(templateText).join("")}\``
      : repr!,
  typeRef: ({ value }) => value.typeName + typeArguments(value.typeParams),
  union: ({ value }) => value.map(typeText).join(" | "),
  intersection: ({ value }) => value.map(typeText).join(" & "),
  array: ({ value }) => `${typeText(value)}[]`,
  tuple: ({ value }) => `[${value.map(typeText).join(", ")}]`,
  parenthesized: ({ value }) => `(${typeText(value)})`,
  typeOperator: ({ value }) => `${value.operator} ${typeText(value.tsType)}`,
  indexedAccess: ({ value }) => `${typeText(value.objType)}[${typeText(value.indexType)}]`,
  conditional: ({ value }) =>
    `${typeText(value.checkType)} extends ${typeText(value.extendsType)} ? ` +
    `${typeText(value.trueType)} : ${typeText(value.falseType)}`,
  mapped: ({ value: { typeParam, optional, tsType } }) =>
    `{ [${typeParam.name} in ${typeText(typeParam.constraint)}]` +
    `${optional === undefined ? "" : MAPPED_OPTIONAL[String(optional)]}: ${typeText(tsType)} }`,
  rest: ({ value }) => `...${typeText(value)}`,
  infer: ({ value }) => `infer ${typeParameter(value.typeParam)}`,
  typeQuery: ({ repr }) => `typeof ${repr}`,
  this: () => "this",
  fnOrConstructor: ({ value }) =>
    `${value.constructor === true ? "new " : ""}${parameters(value)} => ${typeText(value.tsType)}`,
  typeLiteral: ({ value }) => `{ ${members(value).join(" ")} }`,
};

const MAPPED_OPTIONAL: Record<string, string> = { "true": "?", "+": "+?", "-": "-?" };

/** A piece of a type that is a template. */
function templateText(type: Type): string {
  return type.kind === "literal" ? type.value.string : `\${${typeText(type)}}`;
}

/** A type. */
export function typeText(type: Type): string {
  const print = PRIMITIVES[type.kind];
  if (print === undefined) throw new Error(`there is no way to write a type of kind ${type.kind}`);
  return print(type);
}

function typeArguments(types: readonly Type[] = []): string {
  return types.length === 0 ? "" : `<${types.map(typeText).join(", ")}>`;
}

function typeParameters(all: readonly TypeParameter[] = []): string {
  return all.length === 0 ? "" : `<${all.map(typeParameter).join(", ")}>`;
}

function typeParameter({ name, constraint, default: initial }: TypeParameter): string {
  return name + (constraint ? ` extends ${typeText(constraint)}` : "") +
    (initial ? ` = ${typeText(initial)}` : "");
}

function parameter({ kind, name, optional, tsType, arg, left }: Parameter): string {
  const type = tsType === undefined ? "" : `: ${typeText(tsType)}`;
  if (kind === "rest") return `...${arg!.name}${type}`;
  // A destructuring pattern is an implementation detail of the function.
  if (kind === "object" || kind === "array") return `options${optional ? "?" : ""}${type}`;
  if (kind === "assign") return parameter({ ...left!, optional: true });
  if (name === undefined) throw new Error(`there is no way to write a parameter of kind ${kind}`);
  return `${name}${optional ? "?" : ""}${type}`;
}

function parameters({ params, typeParams }: FunctionShape): string {
  return `${typeParameters(typeParams)}(${params.map(parameter).join(", ")})`;
}

function returned({ returnType }: FunctionShape): string {
  return returnType === undefined ? "" : `: ${typeText(returnType)}`;
}

/** The public members, as they are declared. */
export function members(
  { constructors = [], properties = [], methods = [] }: Definition,
): string[] {
  return [...constructors, ...properties, ...methods].filter(isPublic).map(member);
}

/** True for a documented member. What the runtime alone calls is none. */
export function isPublic({ name, jsDoc, accessibility }: Member): boolean {
  const isInternal = (jsDoc?.tags?.some(({ kind }) => kind === "internal") ?? false) ||
    name?.startsWith("[Symbol.for(") === true;
  return !isInternal && accessibility !== "private";
}

function member(each: Member): string {
  const words = [
    each.accessibility === "protected" && "protected",
    each.isStatic && "static",
    each.isAbstract && "abstract",
    (each.readonly || each.kind === "getter") && "readonly",
  ].filter((word) => typeof word === "string");
  return [...words, `${writtenName(each)}${each.optional ? "?" : ""}${shape(each)};`].join(" ");
}

/** The name of a member. Constructors of interfaces have none. */
export function nameOf({ name }: Member): string {
  return name ?? "new";
}

/** The name of a member as it is written: in quotes if it is no word, unless it is computed. */
function writtenName(each: Member): string {
  const name = nameOf(each);
  return /^[\w$]+$|^\[/.test(name) ? name : JSON.stringify(name);
}

function shape(each: Member): string {
  if (each.kind === "getter") return returned(each.functionDef!);
  const called = each.functionDef ?? each;
  if (called.params !== undefined) {
    return parameters(called as FunctionShape) + returned(called as FunctionShape);
  }
  return each.tsType === undefined ? "" : `: ${typeText(each.tsType)}`;
}

function block(head: string, definition: Definition): string {
  const lines = members(definition).map((line) => `  ${line}\n`);
  return lines.length === 0 ? `${head} {}` : `${head} {\n${lines.join("")}}`;
}

function heritage({ extends: base, superTypeParams, implements: interfaces }: Definition): string {
  const bases = typeof base === "string"
    ? [base + typeArguments(superTypeParams)]
    : (base ?? []).map(typeText);
  const implemented = (interfaces ?? []).map(typeText);
  return (bases.length > 0 ? ` extends ${bases.join(", ")}` : "") +
    (implemented.length > 0 ? ` implements ${implemented.join(", ")}` : "");
}

/** A declaration. */
export function signature(name: string, { kind, def }: Declaration): string {
  const head = `${name}${typeParameters(def.typeParams)}`;
  switch (kind) {
    case "class":
      return block(`${def.isAbstract ? "abstract " : ""}class ${head}${heritage(def)}`, def);
    case "interface":
      return block(`interface ${head}${heritage(def)}`, def);
    case "typeAlias":
      return `type ${head} = ${typeText(def.tsType!)};`;
    case "variable":
      return `const ${name}: ${typeText(def.tsType!)};`;
    case "function":
      return `function ${name}${parameters(def as FunctionShape)}${
        returned(def as FunctionShape)
      };`;
    default:
      throw new Error(`there is no way to write ${name}, a ${kind}`);
  }
}
