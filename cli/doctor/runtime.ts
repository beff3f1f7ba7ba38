/**
 * Checks of the Deno runtime.
 *
 * @module
 */

import type { Diagnostic } from "./diagnostic.ts";

/** The first version with `Uint8Array.fromBase64`, which the ring needs to load. */
const OLDEST = "2.5.0";
const TESTED = "2.9.6";
const TOPIC = "Deno";

/** Compares the version of Deno with the oldest and the tested one. */
export function runtimeDiagnostic(version: string = Deno.version.deno): Diagnostic {
  const remedy = `deno upgrade ${TESTED}`;
  if (isOlder(version, OLDEST)) {
    const what = `${version} is too old: channels need ${OLDEST} or later`;
    return { topic: TOPIC, level: "failure", message: what, remedy };
  }
  if (isOlder(version, TESTED)) {
    const what = `${version} may work: Ringbus is tested with ${TESTED}`;
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
