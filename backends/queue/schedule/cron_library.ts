/**
 * The library of cron expressions, loaded for the first expression.
 *
 * @module
 */

type CronLibrary = typeof import("croner");

/** The runtime fetches what a literal names, for every program that imports the package. */
const SPECIFIER = "npm:croner@11.0.1";

let load = (): Promise<CronLibrary> => import(SPECIFIER);

/** Loads the library. */
export function cronLibrary(): Promise<CronLibrary> {
  return load();
}

/** Names where the library is: a bundle of a program has it under no specifier. */
export function provideCronLibrary(loader: () => Promise<CronLibrary>): void {
  load = loader;
}
