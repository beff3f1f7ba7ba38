import assert from "node:assert/strict";
import { join } from "node:path";
import { inScratch } from "../tests/support/scratch.ts";
import { assertChartsDrawn, PAGE } from "./support/charts.ts";

Deno.test("a quick benchmark of the queues runs, and shows all masters at work", () =>
  inScratch(async ({ path }) => {
    const page = join(path, PAGE);
    const main = new URL("queue/main.ts", import.meta.url).pathname;
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", main, "--quick", "--json", "--html", page],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { rows, shares, costs } = JSON.parse(new TextDecoder().decode(stdout));
    const names = new Set(rows.map(({ name }: { name: string }) => name));
    for (const name of ["bare streams", "Ringbus"]) assert.ok(names.has(name));
    for (const { rates } of rows) {
      for (const { flow, trips } of rates) assert.ok(flow > 0 && trips > 0);
    }
    assert.equal(shares["3"].length, 3);
    for (const share of shares["12"]) assert.ok(share > 0.05, JSON.stringify(shares));
    const [own] = costs;
    assert.equal(own.name, "Ringbus");
    assert.ok(own.bytes > 100 && own.commands > 3, JSON.stringify(costs));
    assertChartsDrawn(page);
  }, [PAGE]));
