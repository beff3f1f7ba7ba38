/**
 * Lua scripts with their digests.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** A Lua script. */
export interface Script {
  /** Its source, for `EVAL`. */
  readonly text: string;
  /** The SHA-1 of its source, for `EVALSHA`. */
  readonly digest: string;
}

/** Scripts by name, with their digests. */
export type ScriptTable<Name extends string> = Readonly<Record<Name, Script>>;

/** Adds the digests to the sources of scripts. */
export function defineScripts<Name extends string>(
  texts: Readonly<Record<Name, string>>,
): ScriptTable<Name> {
  const scripts = Object.entries<string>(texts).map(([name, text]) => [name, {
    text,
    digest: createHash("sha1").update(text).digest("hex"),
  }]);
  return Object.fromEntries(scripts);
}
