/**
 * A worker that writes the same request to a port again and again, without waiting for replies.
 *
 * @module
 */

const CONNECTIONS = 4;
const REQUESTS = 200;

addEventListener("message", async (event) => {
  const { port, request } = (event as MessageEvent).data as { port: number; request: string };
  const bytes = new TextEncoder().encode(request.repeat(REQUESTS));
  await Promise.allSettled(Array.from({ length: CONNECTIONS }, async () => {
    using connection = await Deno.connect({ port });
    await Promise.all([write(connection, bytes), discard(connection)]);
  }));
});

async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes;; rest = rest.length > 0 ? rest : bytes) {
    rest = rest.subarray(await connection.write(rest));
  }
}

async function discard(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  while (await connection.read(buffer) !== null) continue;
}
