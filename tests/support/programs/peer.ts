/**
 * A process that carries out commands from standard input, one JSON line each, and answers on standard
 * output.
 *
 * @module
 */

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

let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) await execute(JSON.parse(line));
}
