/**
 * A process that executes commands from standard input, one JSON line each, and writes its replies to
 * standard output.
 *
 * @module
 */

import { linesOf } from "../../../lib/base/lines.ts";
import { type Command, perform } from "./actions.ts";

function writeLine(line: unknown): void {
  console.log(JSON.stringify(line));
}

async function execute(command: Command): Promise<void> {
  try {
    writeLine({ value: await perform(command, (event) => writeLine({ event })) ?? null });
  } catch (error) {
    const { name, message } = error as Error;
    writeLine({ error: name, message });
  }
}

for await (const line of linesOf(Deno.stdin.readable, { completeOnly: true })) {
  await execute(JSON.parse(line));
}
