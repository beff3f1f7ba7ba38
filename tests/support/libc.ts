/**
 * The C library, for permissions that name it alone.
 *
 * @module
 */

import assert from "node:assert/strict";

/** The C library that this very process has mapped. */
export function libcPath(): string {
  const line = Deno.readTextFileSync("/proc/self/maps").split("\n").find((mapping) =>
    /\/(libc\.so\.6|ld-musl-[^/]*|libc\.musl-[^/]*)$/.test(mapping)
  );
  assert.ok(line, "no C library is mapped");
  return line.slice(line.indexOf("/"));
}
