/**
 * The imports among source files, checked against a table of folders.
 *
 * @module
 */

import { dirname, join, normalize } from "node:path";

/** The files that each file imports, by path from the root. Types count like values. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** The folders that each folder may import, besides itself. */
export type AllowedImports = Readonly<Record<string, readonly string[]>>;

const STATEMENT = /^(?:import|export)\s(?:[^"'=]*?\sfrom\s)?"(\.[^"]+)"/gm;
const EXPRESSION = /\bimport\("(\.[^"]+)"\)/g;

/** Reads the imports of all TypeScript files in some folders and files of a root directory. */
export function readImports(root: string, sources: readonly string[]): ImportGraph {
  const graph = new Map<string, string[]>();
  for (const file of sources.flatMap((source) => filesIn(root, source))) {
    const text = Deno.readTextFileSync(join(root, file));
    const specifiers = [STATEMENT, EXPRESSION].flatMap((pattern) =>
      [...text.matchAll(pattern)].map(([, specifier]) => specifier)
    );
    graph.set(file, specifiers.map((specifier) => normalize(join(dirname(file), specifier))));
  }
  return graph;
}

function filesIn(root: string, source: string): string[] {
  if (source.endsWith(".ts")) return [source];
  return [...Deno.readDirSync(join(root, source))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return filesIn(root, join(source, name));
    return name.endsWith(".ts") ? [join(source, name)] : [];
  });
}

/** Describes each import that the table does not allow, and where it should go instead. */
export function forbiddenImports(graph: ImportGraph, allowed: AllowedImports): string[] {
  const problems: string[] = [];
  for (const [file, imports] of graph) {
    const from = folderOf(file, allowed);
    for (const imported of imports) {
      const to = folderOf(imported, allowed);
      if (to === from || allowed[from].includes(to)) continue;
      problems.push(`${file} imports ${imported}: ${remedy(from, to, allowed)}`);
    }
  }
  return problems.sort();
}

/** The rows of the table that the files of a row import. */
export function importedRows(graph: ImportGraph, allowed: AllowedImports, row: string): string[] {
  const files = [...graph.keys()].filter((file) => folderOf(file, allowed) === row);
  const imports = files.flatMap((file) => graph.get(file) ?? []);
  return [...new Set(imports.map((file) => folderOf(file, allowed)))];
}

/** The row of the table that a file belongs to: the longest one that the file's path begins with. */
function folderOf(file: string, allowed: AllowedImports): string {
  const rows = Object.keys(allowed).filter((row) => file === row || file.startsWith(`${row}/`));
  const row = rows.toSorted((a, b) => b.length - a.length)[0];
  if (row === undefined) {
    throw new Error(`${file} is in no folder of the table: add a row for its folder`);
  }
  return row;
}

function remedy(from: string, to: string, allowed: AllowedImports): string {
  const lower = allowed[from].filter((row) => allowed[to].includes(row));
  const higher = Object.keys(allowed).filter((row) =>
    [from, to].every((folder) => row === folder || allowed[row].includes(folder))
  );
  return `${from} may not import ${to}. Move what both need down into ${choice(lower, from)}, or ` +
    `the code that needs both up into ${choice(higher, "a new folder")}`;
}

function choice(rows: readonly string[], otherwise: string): string {
  return rows.length === 0 ? otherwise : rows.join(" or ");
}

/** Finds the circles of imports, each as the files in it. */
export function importCircles(graph: ImportGraph): string[][] {
  const search = new CircleSearch(graph);
  for (const file of graph.keys()) search.visit(file);
  return search.circles;
}

/** Tarjan's strongly connected components (SIAM Journal on Computing 1(2), 1972). */
class CircleSearch {
  readonly circles: string[][] = [];
  readonly #graph: ImportGraph;
  readonly #order = new Map<string, number>();
  readonly #stack: string[] = [];

  constructor(graph: ImportGraph) {
    this.#graph = graph;
  }

  /** Returns the lowest number that can be reached from a file within the stack. */
  visit(file: string): number {
    const known = this.#order.get(file);
    if (known !== undefined) return this.#stack.includes(file) ? known : Infinity;
    const own = this.#order.size;
    this.#order.set(file, own);
    this.#stack.push(file);
    const imports = this.#graph.get(file) ?? [];
    const lowest = Math.min(own, ...imports.map((imported) => this.visit(imported)));
    if (lowest === own) this.#close(file);
    return lowest;
  }

  #close(file: string): void {
    const circle = this.#stack.splice(this.#stack.indexOf(file));
    if (circle.length > 1 || this.#graph.get(file)?.includes(file)) this.circles.push(circle);
  }
}
