/**
 * Errors of the library, as the command line words them.
 *
 * @module
 */

import type { OptionTable } from "./command.ts";

/** What a user of the command line calls, in place of what a program calls. */
const COMMANDS: readonly [call: RegExp, command: string | ((...groups: string[]) => string)][] = [
  [/\blistChannels\(\)/g, "ringbus ls"],
  [/\bremoveStale\(([^)]*)\)/g, cleanCommand],
  [/, or use LocalChannel between workers of one process, which needs no permission/g, ""],
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

/** A message that names the options of a command in place of those of a call. */
export function withOptions(message: string, options: OptionTable): string {
  const [given, ...advice] = message.split("; ");
  const names = Object.keys(options).map((name) => [camelCase(name), `--${name}`] as const);
  const own = names.find(([name]) => given.startsWith(`${name} `));
  const named = own === undefined ? given : own[1] + given.slice(own[0].length);
  return [named, ...advice].join("; ")
    .replace("set a token, or omit host", "give one with --token-file, or omit --host");
}

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

/** A message that advises commands rather than calls. */
export function withCommands(message: string): string {
  return COMMANDS.reduce(
    (text, [call, command]) =>
      typeof command === "string" ? text.replace(call, command) : text.replace(call, command),
    message,
  );
}
