// The reference that `deno task docs` writes.

import assert from "node:assert/strict";
import { entryAt } from "../../tools/docs/doc.ts";
import { Library } from "../../tools/docs/inherited.ts";
import { pageOf } from "../../tools/docs/page.ts";
import { sourcesIn } from "../support/error_messages.ts";
import { ROOT } from "../support/program.ts";

const MODULE = `/**
 * A module.
 *
 * @module
 */

/** Options. */
export interface Options { /** A name. */ name?: string; }
/** A base. */
export class Base {
  /** Its name. */
  name = "";
  /** Closes. */
  close(): void {}
  /**
   * Ends.
   * @internal
   */
  protected end(): void {}
}
/** Between. */
export class Middle extends Base {
  /** Sends. */
  send(): void {}
}
/** A class. */
export class Derived extends Middle {
  /** Makes one. */
  constructor(options: Options = {}, { name }: Options = {}, ...rest: string[]) { super(); }
  /** Closes otherwise. */
  override close(): void {}
}
`;

Deno.test("the reference has options with defaults and inherited members, and nothing internal", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, MODULE);
    const entry = await entryAt(path);
    const page = pageOf("@example/module", "a.md", entry, new Library(new Map([["a.md", entry]])));
    assert.ok(
      page.includes("constructor(options?: Options, options?: Options, ...rest: string[])"),
      page,
    );
    const [, derived] = page.split("## Derived");
    const [section] = derived.split("\n## ");
    assert.match(section, /^Inherited from \[Middle\]\(#middle\): `send`\.$/m);
    assert.match(section, /^Inherited from \[Base\]\(#base\): `name`\.$/m);
    assert.doesNotMatch(page, /\bend\b|undefined/);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("what is internal has the tag that keeps it out of the reference", () => {
  const wrong = [...sourcesIn("lib/", "backends/", "otel/", "testing/", "cli/")].filter((path) =>
    /^ *(?:\/\*)?\*+ Internal:/m.test(Deno.readTextFileSync(new URL(path, ROOT)))
  );
  assert.deepEqual(wrong, []);
});
