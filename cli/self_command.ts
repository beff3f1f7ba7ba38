/**
 * This program, started once more.
 *
 * @module
 */

/** What it is started with besides its words. */
export interface SelfOptions extends Omit<Deno.CommandOptions, "args"> {
  /** Permission flags; a compiled program has those that it was compiled with. */
  readonly permissions: readonly string[];
}

/** A command that runs `ringbus` with these words in a process of its own. */
export function selfCommand(
  mainUrl: string,
  words: readonly string[],
  { permissions, ...options }: SelfOptions,
): Deno.Command {
  const start = Deno.build.standalone
    ? []
    : ["run", "--quiet", "--no-prompt", "--no-lock", ...permissions, mainUrl];
  return new Deno.Command(Deno.execPath(), { ...options, args: [...start, ...words] });
}
