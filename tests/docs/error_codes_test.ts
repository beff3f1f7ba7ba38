// Every error class has one base and a code of its own, and the page about errors lists all codes.

import assert from "node:assert/strict";
import * as ringbus from "../../mod.ts";
import { errorClassesIn } from "../support/error_classes.ts";
import { sourcesIn } from "../support/error_messages.ts";
import { pageAt } from "../support/pages.ts";

const BASE = "RingbusError";
const CODE = /^[a-z]+(-[a-z]+)*$/;
/** A row of the table: code, class, meaning. */
const ROW = /^\| `([a-z-]+)` +\| `(\w+)` +\| (\S.*?) +\|$/;

const sources = sourcesIn("lib/", "backends/", "otel/", "testing/", "cli/");
const classes = errorClassesIn(sources).filter(({ name }) => name !== BASE);

Deno.test("every error class extends RingbusError and stores its own name and code", () => {
  assert.ok(classes.length > 40);
  const wrong = classes.filter(({ name, parent, ownName, code }) =>
    parent === "Error" || ownName !== name || code === undefined || !CODE.test(code)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("no two error classes have the same code", () => {
  const codes = classes.map(({ code }) => code);
  assert.deepEqual(codes.filter((code, i) => codes.indexOf(code) !== i), []);
});

Deno.test("the page about errors lists the codes of all classes that a caller can meet", () => {
  const listed = pageAt("docs/troubleshooting.md").text.split("\n")
    .map((line) => ROW.exec(line))
    .flatMap((row) => row === null ? [] : [`${row[1]} ${row[2]}`]);
  const expected = classes.filter(({ isInternal }) => !isInternal)
    .map(({ code, name }) => `${code} ${name}`);
  assert.deepEqual(listed.toSorted(), expected.toSorted());
});

Deno.test("the exported error classes are subclasses of the exported RingbusError", () => {
  const exported = Object.entries(ringbus).filter(([name, value]) =>
    name.endsWith("Error") && (value as unknown) !== ringbus.RingbusError
  );
  assert.ok(exported.length > 20);
  for (const [name, value] of exported) {
    assert.ok((value as typeof Error).prototype instanceof ringbus.RingbusError, name);
  }
});
