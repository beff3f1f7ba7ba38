// Where the packages are pinned, and that a first command does not fetch all of them.

import assert from "node:assert/strict";
import * as channels from "../../channels.ts";
import importMap from "../../import_map.json" with { type: "json" };
import * as ringbus from "../../mod.ts";
import { ModuleGraph } from "../support/module_graph.ts";
import { Program, ROOT } from "../support/program.ts";

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

const graph = await ModuleGraph.read("mod.ts");

Deno.test("the module imports no package, and no module of Node before it is needed", () => {
  const imported = graph.imports;
  assert.ok(imported.length > 100);
  assert.deepEqual(imported.filter((specifier) => /^(npm|node):/.test(specifier)), []);
});

/**
 * What every program loads that imports Ringbus. A module costs its start a sixth of a millisecond, so what is
 * not needed before an asynchronous call belongs behind `await import`.
 */
const MOST_MODULES = 245;
const MOST_BYTES = 1_184_000;

/** Modules that `initialize` and other asynchronous calls load, and with them what they import. */
const LOADED_LATER = [
  "backends/messaging/shm/attachment.ts",
  "backends/queue/calls.ts",
  "backends/queue/memory/space.ts",
  "backends/queue/schedule/scheduler.ts",
  "backends/queue/shm/store.ts",
  "backends/queue/worker/worker.ts",
  "lib/journal/journal.ts",
];

Deno.test("a program loads few modules at its start", () => {
  const modules = graph.loadedAtStart;
  const bytes = modules.reduce((sum, { size }) => sum + size, 0);
  assert.ok(modules.length <= MOST_MODULES, `mod.ts loads ${modules.length} modules at once`);
  assert.ok(bytes <= MOST_BYTES, `mod.ts loads ${bytes} bytes of modules at once`);
});

/** What a program loads that imports the channels alone. */
const MOST_OF_CHANNELS = 157;

Deno.test("the entry for channels loads channels alone, the same as the whole module", async () => {
  const { loadedAtStart } = await ModuleGraph.read("channels.ts");
  const paths = loadedAtStart.map(({ path }) => path);
  assert.ok(paths.length <= MOST_OF_CHANNELS, `channels.ts loads ${paths.length} modules at once`);
  const others = /^(backends|cli|otel|testing|lib\/(journal|latest|observe|recording))\//;
  assert.deepEqual(paths.filter((path) => others.test(path)), []);
  const whole: Record<string, unknown> = ringbus;
  for (const [name, value] of Object.entries(channels)) assert.equal(value, whole[name], name);
  const exported: unknown[] = Object.values(channels);
  const sockets: unknown[] = Object.values(ringbus).filter((value) => isSocket(value));
  assert.ok(sockets.length > 6);
  assert.deepEqual(sockets.filter((socket) => !exported.includes(socket)), []);
});

function isSocket(value: unknown): boolean {
  return typeof value === "function" &&
    (value === ringbus.Socket || value.prototype instanceof ringbus.Socket);
}

Deno.test("a program that only sends does not load what queues and journals consist of", () => {
  const loaded = graph.loadedAtStart.map(({ path }) => path);
  const all = graph.modules.map(({ path }) => path);
  assert.deepEqual(LOADED_LATER.filter((path) => !all.includes(path)), [], "these have new names");
  assert.deepEqual(LOADED_LATER.filter((path) => loaded.includes(path)), []);
});

Deno.test("a program that only sends and receives starts no timer of the runtime", async () => {
  const dir = Deno.makeTempDirSync({ prefix: "ringbus-test-timers-" });
  try {
    const program = new Program(["-A", "tests/support/programs/without_timers.ts", dir]);
    const lines = await program.lines();
    assert.deepEqual(lines, ["received 64 bytes"]);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
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
