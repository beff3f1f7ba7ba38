// The published package: its description, and a run of exactly the published files.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { ROOT } from "../support/program.ts";

const ENTRIES = Object.values(config.exports);

async function deno(args: string[], cwd: string | URL = ROOT) {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const [printed, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.ok(success, `deno ${args.join(" ")} failed:\n${said}`);
  return { printed, said };
}

Deno.test("the package has a description, and the changelog a section for its version", () => {
  assert.match(config.name, /^@[a-z]+\/[a-z]+$/);
  assert.match(config.version, /^\d+\.\d+\.\d+$/);
  assert.ok(config.description.length > 20 && config.license.length > 0);
  const changelog = Deno.readTextFileSync(new URL("CHANGELOG.md", ROOT));
  assert.ok(changelog.includes(`\n## ${config.version}`), `no section for ${config.version}`);
});

Deno.test("every entry is documented and published", async () => {
  const { printed } = await deno(["doc", "--json", ...ENTRIES]);
  const nodes: Record<string, { module_doc?: { doc?: string; tags?: { kind: string }[] } }> =
    JSON.parse(printed).nodes;
  for (const entry of ENTRIES) {
    const { doc = "", tags = [] } = nodes[new URL(entry, ROOT).href]?.module_doc ?? {};
    assert.ok(doc.length > 20, `${entry} has no module documentation`);
    assert.ok(tags.some(({ kind }) => kind === "example"), `${entry} has no example`);
    const file = entry.slice("./".length);
    assert.ok(isPublished(file), `${entry} is not published`);
  }
});

/** True if a file, or a folder that it lies in, is on the list of what is published. */
function isPublished(file: string): boolean {
  return config.publish.include.some((path) => file === path || file.startsWith(`${path}/`));
}

/** The files that are published, and the warnings. */
async function published(): Promise<{ files: string[]; warnings: string[] }> {
  const { said } = await deno(["publish", "--dry-run", "--allow-dirty", "--no-check"]);
  const root = ROOT.href;
  const lines = said.split("\n").map((line) => line.trim());
  const files = lines.filter((line) => line.startsWith(root))
    .map((line) => line.slice(root.length).replace(/ \([\d.]+[KM]?B\)$/, ""));
  return { files, warnings: lines.filter((line) => line.startsWith("warning")) };
}

/** Checks that no module of an entry is missing, types included. */
async function checkGraph(entry: string, folder: string): Promise<void> {
  const { printed } = await deno(["info", "--json", entry], folder);
  const modules: { specifier: string; error?: string }[] = JSON.parse(printed).modules;
  const missing = modules.filter(({ error }) => error !== undefined);
  assert.deepEqual(missing, [], `${entry} imports what is not published`);
  assert.ok(modules.some(({ specifier }) => specifier === `file://${folder}/lib/base/options.ts`));
}

Deno.test("the published files suffice: each entry finds its imports, and the program runs", async () => {
  const { files, warnings } = await published();
  // A backend of the user's own, and the library of cron expressions, are imported by their names.
  const byName = "warning[unanalyzable-dynamic-import]: unable to analyze dynamic import";
  assert.deepEqual(warnings, [byName, byName]);
  for (const needed of ["README.md", "LICENSE", "CHANGELOG.md", "deno.json", "docs/cli.md"]) {
    assert.ok(files.includes(needed), `${needed} is not published`);
  }
  const folder = Deno.makeTempDirSync({ prefix: "ringbus-test-published-" });
  try {
    for (const file of files) {
      Deno.mkdirSync(dirname(`${folder}/${file}`), { recursive: true });
      Deno.copyFileSync(fileURLToPath(new URL(file, ROOT)), `${folder}/${file}`);
    }
    for (const entry of ENTRIES) await checkGraph(entry, folder);
    const { printed } = await deno(
      ["run", "--quiet", "--allow-ffi", "main.ts", "--version"],
      folder,
    );
    assert.equal(printed, `${config.version}\n`);
    const commands = "cli/commands/";
    const loading = files.filter((file) => file.startsWith(commands))
      .map((file) => `await import("${new URL(`file://${folder}/${file}`)}");`);
    assert.ok(loading.length > 10);
    await deno(["eval", "--quiet", loading.join("\n")], folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
