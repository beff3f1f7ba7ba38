/**
 * Errors of the library, as the command line words them.
 *
 * @module
 */

/** What a user of the command line calls, in place of what a program calls. */
const COMMANDS: readonly [call: RegExp, command: string | ((...groups: string[]) => string)][] = [
  [/\blistChannels\(\)/g, "ringbus ls"],
  [/\bremoveStale\(([^)]*)\)/g, cleanCommand],
  [/\bcapacityBytes\b/g, "--capacity"],
  [/\bthe dir option or RINGBUS_DIR\b/g, "RINGBUS_DIR"],
];

/** The flags of `ringbus clean` for the options of `removeStale`. */
const CLEAN_FLAGS: readonly [option: string, flag: string][] = [
  ["includePersistent", "--persistent"],
  ["includeNonEmpty", "--non-empty"],
  ["dryRun", "--dry-run"],
];

function cleanCommand(_call: string, options: string): string {
  const flags = CLEAN_FLAGS.filter(([option]) => options.includes(option)).map(([, flag]) => flag);
  return ["ringbus clean", ...flags].join(" ");
}

/** A message that advises commands rather than calls. */
export function withCommands(message: string): string {
  return COMMANDS.reduce(
    (text, [call, command]) =>
      typeof command === "string" ? text.replace(call, command) : text.replace(call, command),
    message,
  );
}
