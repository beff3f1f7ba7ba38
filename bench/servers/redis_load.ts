/**
 * Clients of RESP that send pipelines of different commands, which redis-benchmark cannot do. Arguments: port,
 * clients, commands in a pipeline, commands in all. Prints commands a second.
 */

const LINE_FEED = 10;
/** Different pipelines, which differ in their keys. */
const VARIANTS = 64;
/** The commands in turns; `#` is a number. Each has as many lines in its reply as stand beside it. */
const COMMANDS: readonly (readonly [words: string, lines: number])[] = [
  ["SET key:# xxx", 1],
  ["GET key:#", 2],
  ["INCR counter:#", 1],
  ["LPUSH list xxx", 1],
  ["HSET hash field:# xxx", 1],
  ["ZADD zset # member:#", 1],
  ["XADD stream * field xxx", 2],
  ["PUBLISH channel xxx", 1],
];

const encoder = new TextEncoder();

function requestOf(words: string, number: number): string {
  const padded = String(number).padStart(12, "0");
  const all = words.replaceAll("#", padded).split(" ");
  return `*${all.length}\r\n${all.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

/** The bytes of some pipelines one after the other, and the lines of their replies. */
function pipelinesOf(depth: number) {
  let next = 0;
  return Array.from({ length: VARIANTS }, () => {
    let text = "";
    let lines = 0;
    for (let i = 0; i < depth; i++, next++) {
      const [words, count] = COMMANDS[next % COMMANDS.length];
      text += requestOf(words, Math.floor(next / COMMANDS.length) * 97 % 100_000);
      lines += count;
    }
    return { bytes: encoder.encode(text), lines };
  });
}

async function skipLines(conn: Deno.Conn, buffer: Uint8Array, lines: number): Promise<void> {
  for (let left = lines; left > 0;) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error("the server closed the connection");
    for (let at = 0; at < count; at++) if (buffer[at] === LINE_FEED) left--;
  }
}

async function run(port: number, rounds: number, depth: number): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const buffer = new Uint8Array(16 * 1024);
  const pipelines = pipelinesOf(depth);
  for (let round = 0; round < rounds; round++) {
    const { bytes, lines } = pipelines[round % VARIANTS];
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    await skipLines(conn, buffer, lines);
  }
}

const [port, clients, depth, count] = Deno.args.map(Number);
const rounds = Math.ceil(count / depth / clients);
const startMs = performance.now();
await Promise.all(Array.from({ length: clients }, () => run(port, rounds, depth)));
console.log(rounds * clients * depth / ((performance.now() - startMs) / 1000));
