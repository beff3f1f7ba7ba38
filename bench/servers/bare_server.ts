/**
 * What the runtime takes for the bytes of a server: it reads, counts lines, and writes as many replies, which
 * it has made before. Argument: what is measured. Prints its port.
 */

const LINE_FEED = 10;
/** Messages in the topic that is read. */
const MESSAGES_READ = 10;
/** Replies in one write. */
const MOST = 256;

const encoder = new TextEncoder();

/** The same line many times, and the bytes of the first ones of them. */
function repeated(line: string): (count: number) => Uint8Array {
  const bytes = encoder.encode(`${line}\r\n`.repeat(MOST));
  return (count) => bytes.subarray(0, bytes.length * count / MOST);
}

const stored = repeated("OK STORED");

function linesIn(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) lines++;
  return lines;
}

async function send(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

async function reply(conn: Deno.Conn, replies: typeof stored, lines: number): Promise<void> {
  for (let left = lines; left > 0; left -= MOST) await send(conn, replies(Math.min(left, MOST)));
}

let storedLines = 0;
let storedBytes = 0;
let messages = stored;

async function replyToGets(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  const lines = linesIn(bytes);
  if (storedLines >= MESSAGES_READ) return await reply(conn, messages, lines);
  storedLines += lines;
  storedBytes += bytes.length;
  messages = repeated(`MESSAGES JSON:${"A".repeat(storedBytes)}`);
  await reply(conn, stored, lines);
}

let subscriber: Deno.Conn | undefined;

async function push(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  if (subscriber !== undefined) await send(subscriber, bytes);
  subscriber ??= conn;
  await reply(conn, stored, 1);
}

const MEASURES: Record<string, (conn: Deno.Conn, bytes: Uint8Array) => Promise<void>> = {
  stores: (conn, bytes) => reply(conn, stored, linesIn(bytes)),
  gets: replyToGets,
  push,
};

const answer = MEASURES[Deno.args[0]];

async function serve(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay(true);
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) return conn.close();
    await answer(conn, buffer.subarray(0, count));
  }
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(`port ${(listener.addr as Deno.NetAddr).port}`);
for await (const conn of listener) serve(conn);
