import assert from "node:assert/strict";
import { join } from "node:path";
import { inScratch } from "../tests/support/scratch.ts";
import { assertChartsDrawn, PAGE } from "./support/charts.ts";

Deno.test("a quick benchmark of shared state runs, and has a row for every backend", () =>
  inScratch(async ({ path }) => {
    const page = join(path, PAGE);
    const main = new URL("state/main.ts", import.meta.url).pathname;
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", main, "--quick", "--json", "--html", page],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { rows, ratios } = JSON.parse(new TextDecoder().decode(stdout));
    assert.deepEqual(
      rows.map(({ name }: { name: string }) => name),
      ["memory", "shm", "manager", "redis", "bare EVALSHA on Redis"],
    );
    for (const { rates } of rows) {
      for (const { append, appendMany } of rates) assert.ok(append > 0 && appendMany > 0);
    }
    assert.ok(ratios.oneByOne > 0 && ratios.many > 0);
    assertChartsDrawn(page);
  }, [PAGE]));
