import assert from "node:assert/strict";
import { join } from "node:path";
import { inScratch } from "../tests/support/scratch.ts";
import { type Row, verdictOf } from "./servers/compare.ts";
import { assertChartsDrawn, PAGE } from "./support/charts.ts";

const MAIN = new URL("servers/main.ts", import.meta.url).pathname;

Deno.test("a quick benchmark of the servers measures each of them", () =>
  inScratch(async ({ path }) => {
    const page = join(path, PAGE);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, "--quick", "--json", "--check", "--html", page],
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.ok(text.startsWith("{"), new TextDecoder().decode(stderr));
    const { rows }: { rows: Row[] } = JSON.parse(text);
    assert.equal(code, rows.some((row) => verdictOf(row) === "missed") ? 1 : 0);
    const client = rows.filter(({ target }) => target === 2);
    assert.deepEqual(client.map(({ measure, name }) => [measure.name, name]), [
      ["gets", "Ringbus, EmbeddedMessagingBackend"],
    ]);
    assert.ok(rows.length >= 12);
    for (const { name, measure, figures } of rows) {
      assert.ok(figures.length === 1 && figures[0] > 0, `${name}, ${measure.name}`);
    }
    assertChartsDrawn(page);
  }, [PAGE]));
