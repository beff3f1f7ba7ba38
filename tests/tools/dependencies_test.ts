// Where the packages are pinned, and that a first command does not fetch all of them.

import assert from "node:assert/strict";
import importMap from "../../import_map.json" with { type: "json" };
import { ROOT } from "../support/program.ts";

/** A registry that does not reply. */
const NPM_CONFIG_REGISTRY = "http://127.0.0.1:1/";

Deno.test("every package is pinned to a version, and the page describes its purpose", () => {
  const page = Deno.readTextFileSync(new URL("docs/dependencies.md", ROOT));
  const explained = [...page.matchAll(/^\| `(@?[a-z][^`]*)` +\| .*\|$/gm)].map(([, name]) => name);
  for (const [name, specifier] of Object.entries(importMap.imports)) {
    const [, module] = /^npm:\/?(@?[^@]+)@\d+\.\d+\.\d+(?:\/.*)?$/.exec(specifier) ?? [];
    assert.ok(module !== undefined, `${name} is ${specifier}`);
    assert.ok(explained.includes(module), `docs/dependencies.md does not name ${module}`);
  }
});

interface ModuleGraph {
  modules: { specifier: string; dependencies?: { code?: { specifier: string } }[] }[];
}

Deno.test("the module imports no package, and no module of Node before it is needed", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "mod.ts"],
    cwd: ROOT,
  }).output();
  const { modules }: ModuleGraph = JSON.parse(new TextDecoder().decode(stdout));
  assert.ok(modules.length > 100);
  const imported = modules.flatMap(({ dependencies = [] }) =>
    dependencies.flatMap(({ code }) => code === undefined ? [] : [code.specifier])
  );
  assert.deepEqual(imported.filter((specifier) => /^(npm|node):/.test(specifier)), []);
});

Deno.test("deno task fetches no package before it runs a command", async () => {
  const DENO_DIR = Deno.makeTempDirSync({ prefix: "ringbus-test-deno-dir-" });
  try {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--eval", "echo ready"],
      cwd: ROOT,
      env: { DENO_DIR, NPM_CONFIG_REGISTRY, NO_COLOR: "1" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    assert.equal(new TextDecoder().decode(stdout), "ready\n");
  } finally {
    Deno.removeSync(DENO_DIR, { recursive: true });
  }
});
