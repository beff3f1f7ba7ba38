/**
 * The command lines of the programs in this folder: a wrong option ends them with one line, and status 2.
 *
 * @module
 */

/** What `parse` returns; what it throws ends the program. */
export function orEnd<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    return wrongOption((error as Error).message);
  }
}

/** Ends the program: it can do nothing with such an option. */
export function wrongOption(message: string): never {
  console.error(message.replaceAll("\n", " "));
  Deno.exit(2);
}
