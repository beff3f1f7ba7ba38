// A project of one's own that checks its types more strictly than Deno does by default.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What start-here.md promises. */
const STRICT = {
  exactOptionalPropertyTypes: true,
  noFallthroughCasesInSwitch: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noPropertyAccessFromIndexSignature: true,
};

Deno.test("the sources have no type errors in a stricter project with links", async () => {
  const dir = Deno.makeTempDirSync();
  try {
    const { name, version } = config;
    const project = {
      links: [ROOT],
      imports: { [name]: `jsr:${name}@^${version}` },
      compilerOptions: STRICT,
    };
    Deno.writeTextFileSync(`${dir}/deno.json`, JSON.stringify(project));
    const entries = Object.keys(config.exports).filter((entry) => entry !== "./cli");
    const program = entries.map((entry) => `import "${name}${entry.slice(1)}";\n`).join("");
    Deno.writeTextFileSync(`${dir}/main.ts`, program);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "main.ts"],
      cwd: dir,
      env: { NO_COLOR: "1" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});
