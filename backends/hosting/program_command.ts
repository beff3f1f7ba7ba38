/**
 * The command that runs a module in a new Deno process. All processes of the package are started with it.
 *
 * In a program that was made by `deno compile`, `Deno.execPath()` is the program itself, and it ignores
 * `run`. To start a module with it starts the program again, without end.
 *
 * @module
 */

/** A module to run in a new process. */
export interface ProgramCommandOptions extends Omit<Deno.CommandOptions, "args"> {
  /** URL of the module. */
  readonly module: string;
  /** Permission flags. A compiled program has those that it was compiled with. */
  readonly permissions: readonly string[];
  /** Arguments of the module. */
  readonly args?: readonly string[];
  /** A program that runs the runtime, with its arguments. */
  readonly under?: readonly string[];
  /**
   * What a compiled program does. `"run itself"` if the module is its main module, otherwise the remedy
   * for the error.
   */
  readonly whenCompiled: "run itself" | { readonly remedy: string };
}

/**
 * A command that runs a module in a new process.
 *
 * @param isCompiled whether this program was made by `deno compile`
 * @throws {Deno.errors.NotSupported} in a compiled program, unless the module is its main module
 */
export function programCommand(
  options: ProgramCommandOptions,
  isCompiled: boolean = Deno.build.standalone,
): Deno.Command {
  const { module, permissions, args = [], under = [], whenCompiled, ...commandOptions } = options;
  if (!isCompiled) {
    const run = ["run", "--quiet", "--no-prompt", "--no-lock", ...permissions, module];
    const [command, ...rest] = [...under, Deno.execPath(), ...run, ...args];
    return new Deno.Command(command, { ...commandOptions, args: rest });
  }
  if (whenCompiled === "run itself") {
    return new Deno.Command(Deno.execPath(), { ...commandOptions, args: [...args] });
  }
  throw new Deno.errors.NotSupported(
    `cannot start ${fileName(module)} in a process of its own: this program was made by deno ` +
      `compile, and its executable runs no other module; ${whenCompiled.remedy}`,
  );
}

function fileName(module: string): string {
  return module.slice(module.lastIndexOf("/") + 1);
}

/** Whether this program may start processes without a prompt. */
export function mayStartPrograms(): boolean {
  return Deno.permissions.querySync({ name: "run", command: Deno.execPath() }).state === "granted";
}
