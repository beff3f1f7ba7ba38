import assert from "node:assert/strict";
import { join } from "node:path";
import { inScratch } from "../tests/support/scratch.ts";
import { assertChartsDrawn, PAGE } from "./support/charts.ts";

const MAIN = new URL("servers/main.ts", import.meta.url).pathname;

Deno.test("a quick benchmark of the servers measures each of them", () =>
  inScratch(async ({ path }) => {
    const page = join(path, PAGE);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, "--quick", "--json", "--html", page],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { rows }: { rows: { name: string; figures: number[]; measure: { name: string } }[] } =
      JSON
        .parse(new TextDecoder().decode(stdout));
    assert.ok(rows.length >= 12);
    for (const { name, measure, figures } of rows) {
      assert.ok(figures.length === 1 && figures[0] > 0, `${name}, ${measure.name}`);
    }
    assertChartsDrawn(page);
  }, [PAGE]));
