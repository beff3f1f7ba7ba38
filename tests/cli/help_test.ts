// The help: examples that the program accepts, and lines that fit.

import assert from "node:assert/strict";
import { readArguments } from "../../cli/arguments/words.ts";
import { allCommands } from "../../cli/commands.ts";
import { commandHelp, programHelp } from "../../cli/help.ts";
import { indented, pairLines, wrapped } from "../../cli/wrap.ts";
import { VERSION as LAYOUT_VERSION } from "../../wasm/layout.ts";
import { inShell } from "../support/command_line.ts";

/** The words of a command line of the help, as a shell reads it: quotes, and what ends a command. */
function wordsOf(commandLine: string): string[] {
  const words = commandLine.matchAll(/'[^']*'|[^\s']+/g).map(([word]) =>
    word.startsWith("'") ? word.slice(1, -1) : word
  ).toArray();
  const end = words.findIndex((word) => ["|", ">", "<"].includes(word));
  return end < 0 ? words : words.slice(0, end);
}

Deno.test("every command has two examples or more, which its options and arguments allow", async () => {
  for (const [name, entry] of Object.entries(allCommands())) {
    const { command } = await entry.load();
    if (entry.summary === undefined) continue;
    assert.ok(command.examples.length >= 2, `${name} has ${command.examples.length} examples`);
    for (const [commandLine, effect] of command.examples) {
      const words = wordsOf(commandLine);
      const length = 1 + name.split(" ").length;
      assert.equal(words.slice(0, length).join(" "), `ringbus ${name}`, commandLine);
      assert.doesNotThrow(() => readArguments(name, command, words.slice(length)), commandLine);
      assert.match(effect, /^[a-z].*[^.]$/, commandLine);
    }
  }
});

Deno.test("the help of every command fits 60 and 100 columns, but for what is typed", async () => {
  for (const width of [60, 100]) {
    const helps = [programHelp(width)];
    for (const [name, entry] of Object.entries(allCommands())) {
      helps.push(commandHelp(name, (await entry.load()).command, width));
    }
    for (const line of helps.flatMap((help) => help.split("\n"))) {
      if (!/^ {2}ringbus |^Usage: /.test(line)) assert.ok(line.length <= width, line);
    }
  }
});

Deno.test("sentences are wrapped at spaces, and columns move below each other", () => {
  assert.deepEqual(wrapped("one two\nthree  four", 20), ["one two three four"]);
  assert.deepEqual(wrapped("one two three four five", 5), ["one two three four", "five"]);
  assert.deepEqual(indented("a bb ccc", 4, 80), ["    a bb ccc"]);
  const pairs = [["-a, --all", "a sentence with some more words in it"], ["-b", "short"]];
  assert.deepEqual(pairLines(pairs, 60), [
    "  -a, --all  a sentence with some more words in it",
    "  -b         short",
  ]);
  assert.deepEqual(pairLines(pairs, 40), [
    "  -a, --all",
    "        a sentence with some more words",
    "        in it",
    "  -b",
    "        short",
  ]);
});

Deno.test("ringbus version prints what a report of a problem needs", () =>
  inShell(async ({ run }) => {
    const { version } = JSON.parse(await Deno.readTextFile("deno.json"));
    const printed = await run(["version"], { permissions: [] });
    const platform = Deno.build.target;
    assert.equal(
      printed.stdout,
      `ringbus   ${version}\nlayout    ${LAYOUT_VERSION}\nplatform  ${platform}\n` +
        `deno      ${Deno.version.deno}\n`,
    );
    const { v8, typescript, ...rest } = JSON.parse((await run(["version", "--json"])).stdout);
    assert.deepEqual(rest, {
      version,
      layout: LAYOUT_VERSION,
      platform,
      deno: Deno.version.deno,
    });
    assert.ok(v8.length > 0 && typescript.length > 0);
  }));
