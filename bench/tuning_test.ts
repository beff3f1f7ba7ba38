import assert from "node:assert/strict";

Deno.test("a quick run of the tuning benchmark reports every comparison", async () => {
  const main = new URL("tuning/main.ts", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", main, "--quick", "--json"],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const { comparisons } = JSON.parse(new TextDecoder().decode(stdout));
  assert.equal(comparisons.length, 11);
  for (const { title, rows } of comparisons) {
    assert.equal(rows[0].ratio, 1, title);
    for (const { name, ns } of rows) assert.ok(Number.isFinite(ns), `${title}: ${name}`);
  }
});
