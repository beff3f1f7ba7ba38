/**
 * Whether this Deno will do.
 *
 * @module
 */

import type { Diagnostic } from "./diagnostic.ts";

/** Without `Uint8Array.fromBase64`, which came with it, no ring can be loaded. */
const OLDEST = "2.5.0";
const TESTED = "2.9.6";
const TOPIC = "Deno";

/** Compares the version of Deno with those that are known to do. */
export function runtimeDiagnostic(version: string = Deno.version.deno): Diagnostic {
  const remedy = `deno upgrade ${TESTED}`;
  if (isOlder(version, OLDEST)) {
    const what = `${version} is too old: channels need ${OLDEST} or later`;
    return { topic: TOPIC, level: "failure", message: what, remedy };
  }
  if (isOlder(version, TESTED)) {
    const what = `${version} may do: Ringbus is tested with ${TESTED}`;
    return { topic: TOPIC, level: "warning", message: what, remedy };
  }
  const form = Deno.build.standalone ? ", compiled into this program" : "";
  return {
    topic: TOPIC,
    level: "ok",
    message: `${version} on ${Deno.build.target}${form}; at least ${OLDEST}, tested with ${TESTED}`,
  };
}

function isOlder(version: string, other: string): boolean {
  const [one, two] = [version, other].map((text) => text.split(/[.+-]/).slice(0, 3).map(Number));
  const at = one.findIndex((part, index) => part !== two[index]);
  return at !== -1 && one[at] < two[at];
}
