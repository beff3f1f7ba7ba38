// The page on the TCP server has the table of commands.

import assert from "node:assert/strict";
import { COMMANDS } from "../../backends/tcp/server/commands.ts";
import { usage } from "../../backends/tcp/server/command.ts";
import { STATE_COMMANDS } from "../../backends/state/manager/commands.ts";

const page = await Deno.readTextFile(new URL("../../docs/tcp-server.md", import.meta.url));

function row(cells: string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** `deno fmt` aligns tables. */
function compact(line: string): string {
  return line.replace(/ +/g, " ");
}

Deno.test("docs/tcp-server.md has the table of commands", () => {
  const rows = [...COMMANDS, ...STATE_COMMANDS].map((command) =>
    row([
      `\`${usage(command)}\``,
      `\`${command.reply}\``,
      command.flags.join(", "),
      command.summary,
    ])
  );
  const lines = page.split("\n").map(compact);
  const start = lines.indexOf(row(["command", "reply", "flags", "what it does"]));
  assert.deepEqual(
    lines.slice(start + 2, start + 2 + rows.length + 1),
    [...rows.map(compact), ""],
    `docs/tcp-server.md must have these rows, which "deno fmt" aligns:\n${rows.join("\n")}`,
  );
});
