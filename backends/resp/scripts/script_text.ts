/**
 * The text of a script, and what its first line says.
 *
 * @module
 */

import { nodeModule } from "../../../lib/base/node_module.ts";
import { latin1Bytes } from "../../store/latin1.ts";
import { err } from "../engine/errors.ts";

/** A script. */
export interface Script {
  /** SHA-1 of its text, in hexadecimal digits. */
  readonly id: string;
  readonly text: string;
  /** What its first line allows; undefined if it has no such line. */
  readonly flags: ReadonlySet<string> | undefined;
}

const FLAGS = new Set([
  "no-writes",
  "allow-oom",
  "allow-stale",
  "no-cluster",
  "allow-cross-slot-keys",
]);

/** The hexadecimal SHA-1 of a byte string. */
export function sha1(text: string): string {
  return nodeModule("node:crypto").createHash("sha1").update(latin1Bytes(text)).digest("hex");
}

/** Reads the first line of a script. */
export function scriptOf(text: string, id: string): Script {
  if (!text.startsWith("#!")) return { id, text, flags: undefined };
  const end = text.indexOf("\n");
  if (end === -1) throw err("Invalid script shebang");
  return { id, text: text.slice(end), flags: flagsOf(text.slice(0, end)) };
}

function flagsOf(line: string): ReadonlySet<string> {
  const [engine, ...options] = line.split(/\s+/).filter(Boolean);
  if (engine !== "#!lua") throw err(`Unexpected engine in script shebang: ${engine}`);
  const flags = new Set<string>();
  for (const option of options) {
    if (!option.startsWith("flags=")) throw err(`Unknown lua shebang option: ${option}`);
    for (const flag of option.slice("flags=".length).split(",").filter(Boolean)) {
      if (!FLAGS.has(flag)) throw err(`Unexpected flag in script shebang: ${flag}`);
      flags.add(flag);
    }
  }
  return flags;
}
