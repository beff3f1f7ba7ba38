/**
 * One connection that loads a server by TCP. Arguments: protocol, port, what to measure, how often. Prints
 * commands a second.
 */
import { makeMessage, type Protocol, PROTOCOLS } from "./protocol.ts";

/** Commands in one write; two writes are under way at a time. */
const BATCH = 200;
/**
 * Before a measurement a server executes this part of its commands: a program in JavaScript is compiled while
 * it runs.
 */
const WARM_UP = 1 / 5;
/** Messages in the topic that is read. */
const MESSAGES_READ = 10;

const LINE_FEED = 10;
const encoder = new TextEncoder();

/** A connection that counts the lines of the responses. */
class Connection {
  readonly #conn: Deno.TcpConn;
  readonly #bytes = new Uint8Array(1 << 20);
  #lines = 0;

  private constructor(conn: Deno.TcpConn) {
    conn.setNoDelay(true);
    this.#conn = conn;
  }

  static async open(port: number): Promise<Connection> {
    return new Connection(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
  }

  async skip(lines: number): Promise<void> {
    while (this.#lines < lines) {
      const count = await this.#conn.read(this.#bytes);
      if (count === null) throw new Error("the server closed the connection");
      const read = this.#bytes.subarray(0, count);
      for (let at = read.indexOf(LINE_FEED); at !== -1; at = read.indexOf(LINE_FEED, at + 1)) {
        this.#lines++;
      }
    }
    this.#lines -= lines;
  }

  async request(command: string, lines: number): Promise<void> {
    await this.send(encoder.encode(command));
    await this.skip(lines);
  }
}

/** Sends all batches, two of them on their way at a time, and reads the replies. */
async function exchange(
  connection: Connection,
  batches: readonly Uint8Array[],
  lines: number,
): Promise<void> {
  let under = 0;
  for (const batch of batches) {
    await connection.send(batch);
    if (++under < 2) continue;
    await connection.skip(BATCH * lines);
    under--;
  }
  await connection.skip(BATCH * lines * under);
}

/** Commands a second, many on their way at a time. */
async function rateOf(
  port: number,
  count: number,
  command: () => string,
  lines: number,
): Promise<number> {
  const connection = await Connection.open(port);
  const measured = Math.ceil(count / BATCH);
  const warmUp = Math.ceil(measured * WARM_UP);
  const batches = Array.from(
    { length: warmUp + measured },
    () => encoder.encode(Array.from({ length: BATCH }, command).join("")),
  );
  await exchange(connection, batches.slice(0, warmUp), lines);
  const startMs = performance.now();
  await exchange(connection, batches.slice(warmUp), lines);
  return measured * BATCH / ((performance.now() - startMs) / 1000);
}

const topic = `bench-${crypto.randomUUID()}`;

function stores(protocol: Protocol, port: number, count: number): Promise<number> {
  return rateOf(port, count, () => protocol.store(topic, makeMessage()), 1);
}

async function gets(protocol: Protocol, port: number, count: number): Promise<number> {
  const connection = await Connection.open(port);
  for (let i = 0; i < MESSAGES_READ; i++) {
    await connection.request(protocol.store(topic, makeMessage()), 1);
  }
  return await rateOf(port, count, () => protocol.get(topic), protocol.getLines(MESSAGES_READ));
}

const MEASURES: Record<string, typeof stores> = { stores, gets };

const [protocol, port, measure, count] = Deno.args;
console.log(await MEASURES[measure](PROTOCOLS[protocol], Number(port), Number(count)));
Deno.exit(0);
