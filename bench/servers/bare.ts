/** Servers that do nothing but read and write: what the runtime itself takes for the same bytes. */
import { Running } from "../../tests/support/program.ts";

/** Calls something with the port of such a server, which is a program beside this one. */
export async function withBareServer<T>(
  file: string,
  args: readonly string[],
  use: (port: number) => Promise<T>,
): Promise<T> {
  const path = new URL(file, import.meta.url).pathname;
  await using server = new Running(file, Deno.execPath(), [
    "run",
    "--allow-net",
    "--quiet",
    path,
    ...args,
  ]);
  await server.prints("port ");
  return await use(Number(/port (\d+)/.exec(server.output)![1]));
}
