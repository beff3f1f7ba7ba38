// Runs the programs and commands of the documentation in a clone of the repository, except the blocks
// that `deno test --doc` executes:
//
// - "ts ignore": a program. If its first line is a file name such as "// worker.ts", it is a file that a
//   scenario below runs;
// - "ts ignore examples/...": lines of that example, which the tests of the examples run;
// - "sh": must succeed. With the attribute server="text" it prints that text and runs until the end of
//   its page. With until="text" each of its lines prints that text and is then stopped by Ctrl-C.
//
// Free ports replace the ports that the pages name.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import config from "../../deno.json" with { type: "json" };
import importMap from "../../import_map.json" with { type: "json" };
import { listChannels } from "../../lib/observe/registry.ts";
import { cloneRepository } from "../support/clone.ts";
import { until } from "../support/deadline.ts";
import { sourcesIn } from "../support/error_messages.ts";
import { freePort } from "../support/free_port.ts";
import { type Block, blocksOf, locationOf, pageAt } from "../support/pages.ts";
import { Program, ROOT, Running } from "../support/program.ts";
import { inScratch } from "../support/scratch.ts";
import { TEST_FLAGS } from "../../tools/test/flags.ts";

const packages: Record<string, string> = importMap.imports;
const SELF_CONTAINED = "ignore";
const QUOTE = /^ignore (examples\/\S+\.ts)$/;
const FILE_LINE = /^\/\/ (\S+\.ts)\n/;
/** The two set-up commands, which `.ci/run` runs. */
const SET_UP = /^npx -y deno@\S+ task (demo|test)$/;
const ATTRIBUTES = /^(?:(server|until)="([^"]+)")?$/;
const PORTS = /\b(8080|31134)\b/g;

/** Some commands compile, and the machine may be busy. */
const DEADLINE_MS = 120_000;

/** Where the blocks of a page run. */
interface RunEnvironment {
  /** The clone. */
  readonly cwd: string;
  readonly env: Record<string, string>;
}

/** Runs the named files of a page together, after they were written into the clone. */
type Scenario = (place: RunEnvironment) => Promise<void>;

const SCENARIOS: Record<string, Scenario> = {
  "README.md": async (place) => {
    await using subscriber = program(place, "subscriber.ts", "--allow-ffi");
    const dir = place.env["RINGBUS_DIR"];
    await until(() => listChannels({ dir })[0]?.participants.length === 1, "attaching");
    await using publisher = program(place, "publisher.ts", "--allow-ffi");
    await publisher.lines();
    await subscriber.prints("move [ 1, 2, 3 ]");
  },
  "docs/testing.md": async ({ cwd, env }) => {
    const args = ["test", "--no-check", "-A", "robot_test.ts"];
    await using command = new Running("deno test", Deno.execPath(), args, { cwd, env });
    assert.match((await command.lines()).join("\n"), /ok \| 1 passed \| 0 failed/);
  },
  "docs/start-here.md": async ({ cwd, env }) => {
    const project = `${cwd}/../project`;
    Deno.mkdirSync(project);
    Deno.renameSync(`${cwd}/first_test.ts`, `${project}/first_test.ts`);
    const entries = Object.keys(config.exports).filter((entry) => entry !== "./cli");
    const names = entries.map((entry) => `@ringbus/ringbus${entry.slice(1)}`);
    Deno.writeTextFileSync(`${project}/all.ts`, importsOf(names));
    Deno.writeTextFileSync(`${project}/by_path.ts`, importsOf(["../ringbus/mod.ts"]));
    const run = async (...args: string[]) => {
      await using command = new Running("deno", Deno.execPath(), args, { cwd: project, env });
      return (await command.lines()).join("\n");
    };
    const noConfig = ["run", "--import-map", "../ringbus/import_map.json", "by_path.ts"];
    assert.equal(await run(...noConfig), "imported");
    const configs = pageAt("docs/start-here.md").blocks.filter(({ language }) =>
      language === "json"
    );
    assert.equal(configs.length, 2);
    for (const [name, version] of Object.entries(JSON.parse(configs[1].text).imports)) {
      if (name in packages) assert.equal(version, packages[name], name);
    }
    for (const { text } of configs) {
      Deno.writeTextFileSync(`${project}/deno.json`, text);
      const tested = await run("test", "--no-check", "--allow-net", "first_test.ts");
      assert.match(tested, /ok \| 1 passed \| 0 failed/);
      assert.equal(await run("run", "all.ts"), "imported");
      assert.equal(await run("run", "by_path.ts"), "imported");
      Deno.writeTextFileSync(`${project}/package.json`, "{}");
      const withModules = { ...JSON.parse(text), nodeModulesDir: "auto" };
      Deno.writeTextFileSync(`${project}/deno.json`, JSON.stringify(withModules));
      assert.equal(await run("run", "--quiet", "all.ts"), "imported");
      Deno.removeSync(`${project}/package.json`);
      Deno.removeSync(`${project}/node_modules`, { recursive: true });
    }
  },
  "docs/local-channels.md": async (place) => {
    await using main = program(place, "main.ts", "--allow-read=.");
    assert.deepEqual(await main.lines(), ["1764"]);
  },
};

/** A program that imports modules, and nothing else. */
function importsOf(modules: string[]): string {
  return modules.map((name) => `import "${name}";\n`).join("") + 'console.log("imported");\n';
}

function program({ cwd, env }: RunEnvironment, file: string, ...flags: string[]): Program {
  return new Program([...flags, file], env, cwd);
}

/** Runs a test in a clone, with a segment directory of its own. */
function inClone(test: (place: RunEnvironment) => Promise<void>): Promise<void> {
  return inScratch(async ({ path }) => {
    const folder = Deno.makeTempDirSync({ prefix: "ringbus-test-clone-" });
    const cwd = `${folder}/ringbus`;
    const RINGBUS_DIR = `${path}/segments`;
    const PATH = `${new URL(".", `file://${Deno.execPath()}`).pathname}:${Deno.env.get("PATH")}`;
    try {
      Deno.mkdirSync(RINGBUS_DIR, { mode: 0o700 });
      cloneRepository(cwd);
      await test({ cwd, env: { RINGBUS_DIR, PATH } });
    } finally {
      Deno.removeSync(folder, { recursive: true });
      Deno.removeSync(RINGBUS_DIR, { recursive: true });
    }
  });
}

/** Replaces the ports that a page names by free ones. */
function freePorts(): (text: string) => string {
  const ports = new Map<string, string>();
  return (text) =>
    text.replace(PORTS, (port) => {
      if (!ports.has(port)) ports.set(port, String(freePort()));
      return ports.get(port)!;
    });
}

const quotes = blocksOf("ts").filter(({ attributes }) => QUOTE.test(attributes));
const ignored = blocksOf("ts").filter(({ attributes }) =>
  attributes !== "" && !QUOTE.test(attributes)
);
const files = ignored.filter(({ text }) => FILE_LINE.test(text));
const programs = [...ignored.filter((block) => !files.includes(block)), ...examplesInSources()];

/** Examples in the sources that `deno test --doc` skips. */
function* examplesInSources(): Generator<Block> {
  for (const page of sourcesIn("lib/", "backends/", "testing/", "otel/", "cli/")) {
    const source = Deno.readTextFileSync(new URL(page, ROOT));
    for (const { 1: text, index } of source.matchAll(/^ *\* ```ts ignore\n([^`]*?)^ *\* ```$/gm)) {
      const line = source.slice(0, index).split("\n").length;
      const code = text.replaceAll(/^ *\* ?/gm, "");
      yield { page, line, language: "ts", attributes: SELF_CONTAINED, text: code };
    }
  }
}

Deno.test("all TypeScript of the pages is executed, here or by deno test --doc", () => {
  for (const block of ignored) assert.equal(block.attributes, SELF_CONTAINED, locationOf(block));
  for (const block of blocksOf("typescript", "tsx", "mts")) assert.fail(locationOf(block));
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  assert.ok(TEST_FLAGS.includes("--doc"));
  assert.match(tasks.test.command, / tools\/test\/main\.ts$/, "no path is named: all are tested");
  for (const block of blocksOf("ts").filter((block) => ![...ignored, ...quotes].includes(block))) {
    assert.match(block.page, /^(README\.md$|docs\/)/, locationOf(block));
  }
  const pages = new Set(files.map(({ page }) => page));
  assert.deepEqual([...pages].sort(), Object.keys(SCENARIOS).sort());
});

Deno.test("lines that a page quotes from an example are in it", () => {
  assert.ok(quotes.length > 0);
  for (const quote of quotes) {
    const [, path] = QUOTE.exec(quote.attributes)!;
    const source = Deno.readTextFileSync(new URL(path, ROOT));
    assert.ok(unindented(source).includes(unindented(quote.text)), locationOf(quote));
  }
});

function unindented(text: string): string {
  return `\n${text}\n`.replaceAll(/^ +/gm, "");
}

Deno.test("programs of the pages have the right types", () =>
  inClone(async ({ cwd, env }) => {
    const named = files.map(({ page, text }) => ({
      text,
      // The files of a page may import one another.
      name: `${page.replaceAll(/\W/g, "_")}/${FILE_LINE.exec(text)![1]}`,
    }));
    const all = [...named, ...programs.map(({ text }, i) => ({ text, name: `program_${i}.ts` }))];
    const names = all.map(({ text, name }) => {
      Deno.mkdirSync(dirname(`${cwd}/${name}`), { recursive: true });
      Deno.writeTextFileSync(`${cwd}/${name}`, text);
      return name;
    });
    const args = ["check", "--quiet", ...names];
    await using check = new Running("deno check", Deno.execPath(), args, {
      cwd,
      env,
      deadlineMs: DEADLINE_MS,
    });
    await check.lines();
  }));

Deno.test("programs of the pages run and succeed", () =>
  inClone(async (place) => {
    for (const block of programs) {
      Deno.writeTextFileSync(`${place.cwd}/program.ts`, freePorts()(block.text));
      await using run = program(place, "program.ts", "--allow-all");
      await run.lines().catch((cause) => {
        throw new Error(`${locationOf(block)}: ${cause.message}`, { cause });
      });
    }
  }));

for (const [page, scenario] of Object.entries(SCENARIOS)) {
  Deno.test(`the programs of ${page} work together`, () =>
    inClone(async (place) => {
      for (const { text } of files.filter((block) => block.page === page)) {
        Deno.writeTextFileSync(`${place.cwd}/${FILE_LINE.exec(text)![1]}`, text);
      }
      await scenario(place);
    }));
}

const scripts = Map.groupBy(blocksOf("sh"), ({ page }) => page);

Deno.test("the README has two set-up commands, which .ci/run runs", () => {
  const lines = scripts.get("README.md")!.flatMap(({ text }) => text.split("\n"));
  const commands = lines.filter((line) => SET_UP.test(line));
  assert.equal(commands.length, 2);
  const gate = Deno.readTextFileSync(new URL(".ci/run", ROOT));
  for (const command of commands) assert.ok(gate.includes(command), command);
});

function shell({ cwd, env }: RunEnvironment, script: string): Running {
  const args = ["-euo", "pipefail", "-c", script];
  const options = { cwd, env, isGroup: true, deadlineMs: DEADLINE_MS };
  return new Running(script, "bash", args, options);
}

/** Runs one block; returns the processes that run until the end of its page. */
async function runScript(block: Block, script: string, place: RunEnvironment): Promise<Running[]> {
  const match = ATTRIBUTES.exec(block.attributes);
  assert.ok(match, `${locationOf(block)} has unknown attributes`);
  const [, kind, text] = match;
  // "deno task" first prints the command.
  const printed = new RegExp(`^(?!Task ).*${RegExp.escape(text ?? "")}`, "m");
  if (kind === "server") {
    const server = shell(place, script);
    await server.prints(printed);
    return [server];
  }
  if (kind === "until") {
    await Promise.all(
      script.split("\n").map(async (line) => {
        await using running = shell(place, line);
        await running.prints(printed);
        running.kill("SIGINT");
        await running.ended();
      }),
    );
    return [];
  }
  await using running = shell(place, script);
  await running.lines();
  return [];
}

Deno.test("shell commands of the pages run in a clone", (t) =>
  inClone(async (place) => {
    for (const [page, blocks] of scripts) {
      await t.step(page, async () => {
        const withFreePorts = freePorts();
        await using running = new AsyncDisposableStack();
        for (const block of blocks) {
          if (block.text.split("\n").every((line) => SET_UP.test(line))) continue;
          const script = withFreePorts(block.text);
          for (const server of await runScript(block, script, place)) running.use(server);
        }
      });
    }
  }));
