/** One command by redis-cli. */

/** What it prints for a command to the server of a port. */
export async function redisCli(port: number, words: readonly string[]): Promise<string> {
  const { stdout } = await new Deno.Command("redis-cli", { args: ["-p", `${port}`, ...words] })
    .output();
  return new TextDecoder().decode(stdout);
}
