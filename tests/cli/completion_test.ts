// Completion of command lines: the candidates, and the real shells on a terminal.

import assert from "node:assert/strict";
import { allCommands, COMMANDS } from "../../cli/commands.ts";
import { candidates } from "../../cli/completion/candidates.ts";
import { SCRIPTS } from "../../cli/completion/scripts.ts";
import { Publisher } from "../../mod.ts";
import { ROOT } from "../support/program.ts";
import { within } from "../support/deadline.ts";
import { inScratch } from "../support/scratch.ts";

async function wordsFor(...words: string[]): Promise<string[]> {
  return (await candidates(words)).map(({ word }) => word);
}

Deno.test("the first words complete to commands, and to those of a group", async () => {
  assert.deepEqual(await wordsFor("pu"), ["pub", "push", "pull"]);
  assert.deepEqual(await wordsFor("queue", "pu"), ["publish", "pull", "purge"]);
  assert.deepEqual(await wordsFor("help", "queue", "sch"), ["schedule"]);
  assert.deepEqual(await wordsFor("--v"), ["--version"]);
  assert.deepEqual(await wordsFor("nothing", ""), []);
  const shown = Object.entries(COMMANDS).filter(([, { summary }]) => summary !== undefined);
  const all = await wordsFor("");
  for (const [name] of shown) assert.ok(all.includes(name), name);
  assert.ok(!all.includes("bench-peer"));
});

Deno.test("every command completes to its options, and options to their values", async () => {
  for (const [name, { summary, load }] of Object.entries(allCommands())) {
    if (summary === undefined) continue;
    const { command } = await load();
    const offered = await wordsFor(...name.split(" "), "--");
    for (const [option, { isOn }] of Object.entries(command.options)) {
      assert.ok(offered.includes(`--${isOn ? "no-" : ""}${option}`), `${name} --${option}`);
    }
    assert.ok(offered.includes("--help") && offered.includes("--json"), name);
  }
  assert.deepEqual(await wordsFor("serve", "--no-"), ["--no-http", "--no-tcp", "--no-channels"]);
  assert.deepEqual(await wordsFor("pub", "x", "--codec", "r"), ["raw"]);
  assert.deepEqual(await wordsFor("pub", "x", "--codec=r"), ["--codec=raw"]);
  assert.deepEqual(await wordsFor("pub", "x", "--codec", "=", "r"), ["raw"], "as bash cuts it");
  assert.deepEqual(
    await wordsFor("pub", "x", "--codec", "="),
    await wordsFor("pub", "--codec", ""),
  );
  assert.deepEqual(await wordsFor("ls", "-o", ""), ["table", "wide", "json", "yaml"]);
  assert.deepEqual(await wordsFor("pub", "x", "--capacity", ""), [], "any number");
  assert.deepEqual(await wordsFor("rep", "x", "--", "--"), [], "the words of another program");
});

const PROMPT = "ready> ";

/** How a shell is started: without what the user has configured, with the completion, and with a prompt. */
const STARTS: Record<string, (home: string) => string[]> = {
  bash: (home) => {
    const lines = [`PS1='${PROMPT}'`, "unset HISTFILE", `. <(ringbus completion bash)`];
    Deno.writeTextFileSync(`${home}/.bashrc`, lines.join("\n"));
    return ["--noprofile", "-i"];
  },
  zsh: (home) => {
    const lines = [
      "autoload -U compinit && compinit -D -u",
      ". <(ringbus completion zsh)",
      `PROMPT='${PROMPT}'`,
    ];
    Deno.writeTextFileSync(`${home}/.zshrc`, lines.join("\n"));
    return ["-i", "-d"];
  },
  fish: (home) => {
    const lines = [
      "set -g fish_greeting",
      `function fish_prompt; printf '${PROMPT}'; end`,
      "ringbus completion fish | source",
    ];
    Deno.mkdirSync(`${home}/.config/fish`, { recursive: true });
    Deno.writeTextFileSync(`${home}/.config/fish/config.fish`, lines.join("\n"));
    return ["--private", "-i"];
  },
};

function isInstalled(shell: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${shell}`] }).outputSync().success;
}

for (const shell of Object.keys(SCRIPTS)) {
  Deno.test({
    name: `${shell} completes a command and the name of a channel when one presses Tab`,
    ignore: !isInstalled(shell),
    fn: () =>
      inScratch(async ({ path: dir }) => {
        const home = Deno.makeTempDirSync({ prefix: "ringbus-test-home-" });
        using publisher = new Publisher("robot.pose", { dir, label: "the camera" });
        try {
          const program =
            `#!/bin/sh\nexec "${Deno.execPath()}" run -qA "${ROOT.pathname}main.ts" "$@"\n`;
          Deno.writeTextFileSync(`${home}/ringbus`, program, { mode: 0o755 });
          const args = [shell, ...STARTS[shell](home)];
          const keys = "ringbus wh\\trobot.p\\t\\nexit\\n";
          const child = new Deno.Command("python3", {
            args: ["-I", "-B", "tests/support/interop/terminal.py", PROMPT.trim(), keys, ...args],
            cwd: ROOT,
            env: {
              HOME: home,
              TMPDIR: home,
              ZDOTDIR: home,
              XDG_CONFIG_HOME: `${home}/.config`,
              XDG_DATA_HOME: `${home}/.local`,
              PATH: `${home}:${Deno.env.get("PATH")}`,
              DENO_DIR: denoDirectory(),
              RINGBUS_DIR: dir,
              TERM: "xterm",
              NO_COLOR: "1",
              COLUMNS: "100",
            },
          });
          const { stdout } = await within(child.output(), `the end of ${shell}`);
          const text = new TextDecoder().decode(stdout);
          assert.match(text, /CHANNEL +ROLE +LABEL/, text);
          assert.match(text, /robot\.pose +publisher +the camera/, text);
        } finally {
          publisher.close();
          Deno.removeSync(home, { recursive: true });
        }
      }),
  });
}

/** Another home has no cache of modules. */
function denoDirectory(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
