/**
 * The modules that a module imports, as the runtime finds them.
 *
 * @module
 */

import { ROOT } from "./program.ts";

interface Dependency {
  readonly code?: { readonly specifier: string };
  readonly isDynamic?: boolean;
}

interface Info {
  readonly roots: readonly string[];
  readonly redirects: Readonly<Record<string, string>>;
  readonly modules: readonly {
    readonly specifier: string;
    readonly size?: number;
    readonly dependencies?: readonly Dependency[];
  }[];
}

/** A module of the repository. */
export interface LoadedModule {
  /** Where it is in the repository. */
  readonly path: string;
  /** Bytes of its source. */
  readonly size: number;
}

/** The modules that one module imports, directly and indirectly. */
export class ModuleGraph {
  readonly #info: Info;

  private constructor(info: Info) {
    this.#info = info;
  }

  /** Reads the graph of a module of the repository. */
  static async read(path: string): Promise<ModuleGraph> {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", path],
      cwd: ROOT,
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new ModuleGraph(JSON.parse(new TextDecoder().decode(stdout)));
  }

  /** All modules, also those of `import()`. */
  get modules(): LoadedModule[] {
    return this.#info.modules.map(({ specifier, size = 0 }) => ({
      path: specifier.replace(ROOT.href, ""),
      size,
    }));
  }

  /** What all modules import, as the runtime names it. */
  get imports(): string[] {
    return this.#info.modules.flatMap(({ dependencies = [] }) => dependencies.flatMap(nameOf));
  }

  /** The modules that are loaded before the first line of a program runs. */
  get loadedAtStart(): LoadedModule[] {
    const { roots, redirects, modules } = this.#info;
    const dependencies = new Map(
      modules.map(({ specifier, dependencies = [] }) => [
        specifier,
        dependencies.filter(({ isDynamic }) => isDynamic !== true).flatMap(nameOf),
      ]),
    );
    const found = new Set(roots);
    for (const specifier of found) {
      for (const imported of dependencies.get(redirects[specifier] ?? specifier) ?? []) {
        found.add(imported);
      }
    }
    return this.modules.filter(({ path }) => found.has(new URL(path, ROOT).href));
  }
}

function nameOf({ code }: Dependency): string[] {
  return code === undefined ? [] : [code.specifier];
}
