/**
 * Clients that try to fill the memory of a server, in each way that takes memory.
 *
 * @module
 */

const MIB = 2 ** 20;
/** Characters of requests that are sent before their responses are read. */
const PIPELINE_LENGTH = 256 * 1024;
/** What a store counts for a message besides its texts. */
const ENGINE_BYTES = 500;
const encoder = new TextEncoder();

/** A connection that writes as fast as the server reads, and may leave what the server writes unread. */
export class Peer implements Disposable {
  readonly #conn: Deno.TcpConn;
  #received = "";
  #isClosed = false;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(port: number): Promise<Peer> {
    return new Peer(await Deno.connect({ port }));
  }

  /** Writes a text; stops when either side has closed the connection. */
  async write(text: string): Promise<void> {
    const bytes = encoder.encode(text);
    try {
      for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
    } catch {
      // It was closed, here or there.
    }
  }

  /** Reads until a text has arrived a number of times, or the connection ends. */
  async reads(text: string, times = 1): Promise<void> {
    const buffer = new Uint8Array(65_536);
    const decoder = new TextDecoder();
    let seen = 0;
    for (;;) {
      const parts = this.#received.split(text);
      seen += parts.length - 1;
      this.#received = parts.at(-1)!.slice(-text.length);
      if (seen >= times) return;
      const count = await this.#conn.read(buffer).catch(() => null);
      if (count === null) return;
      this.#received += decoder.decode(buffer.subarray(0, count));
    }
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.#conn.close();
    this.#isClosed = true;
  }
}

/** A server that is attacked. */
export interface Target {
  readonly httpPort: number;
  readonly tcpPort: number;
  /** The limit of its store. */
  readonly maxBytes: number;
  /** Connects, and stays connected until the memory was measured. */
  connect(port: number): Promise<Peer>;
}

/** What is stored: `count` messages with a payload of `length` characters, in the topics that are given. */
interface Stored {
  readonly count: number;
  readonly length: number;
  topic(i: number): string;
}

let lastId = 0n;

function messageJson(length: number): string {
  return `{"id":${++lastId << 22n},"payload":{"p":"${"x".repeat(length)}"}}`;
}

/** Writes many requests over one connection, some at a time, and waits for the last response. */
async function pipeline(
  peer: Peer,
  count: number,
  request: (i: number) => string,
  response: string,
): Promise<void> {
  for (let i = 0; i < count;) {
    let text = "";
    const first = i;
    while (i < count && text.length < PIPELINE_LENGTH) text += request(i++);
    await Promise.all([peer.write(text), peer.reads(response, i - first)]);
  }
}

function post(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
    `content-length: ${encoder.encode(body).length}\r\n\r\n${body}`;
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
}

async function storeOverTcp(target: Target, { count, length, topic }: Stored): Promise<void> {
  const peer = await target.connect(target.tcpPort);
  const line = (i: number) => `STORE_MESSAGE n ${topic(i)} JSON:${btoa(messageJson(length))}\r\n`;
  await pipeline(peer, count, line, "\r\n");
}

async function storeOverHttp(target: Target, { count, length, topic }: Stored): Promise<void> {
  const peer = await target.connect(target.httpPort);
  const body = (i: number) =>
    `{"namespace":"n","topic":"${topic(i)}","message":${messageJson(length)}}`;
  await pipeline(peer, count, (i) => post("/store_message", body(i)), "HTTP/1.1 ");
}

/** Messages of which some times `maxBytes` are stored. */
function flood(
  { maxBytes }: Target,
  times: number,
  length: number,
  topic: Stored["topic"],
): Stored {
  const bytesOfEach = ENGINE_BYTES + length + topic(0).length;
  return { count: Math.ceil(times * maxBytes / bytesOfEach), length, topic };
}

const LONG_NAME = (i: number) => `t${i}`.padEnd(1000, "n");

/** Connects some clients at once, each of which does the same. */
async function each(count: number, attack: (i: number) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i += 20) {
    await Promise.all(Array.from({ length: Math.min(20, count - i) }, (_, k) => attack(i + k)));
  }
}

/** Writes for as long as the server reads, at most some seconds: it need not read all. */
async function writeFor(peer: Peer, text: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, 500);
  await Promise.race([peer.write(text), promise]);
  clearTimeout(timer);
}

/** Many requests of all messages, of which no reply is read. */
async function leaveUnread(target: Target, port: number, request: string): Promise<void> {
  await storeOverTcp(target, flood(target, 1.2, 1000, () => "t"));
  await each(200, async () => {
    const peer = await target.connect(port);
    await writeFor(peer, request.repeat(10));
  });
}

const BODY_HEAD = "POST /set HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";

/** Requests whose bodies do not end. */
async function leaveUnfinished({ httpPort, connect }: Target, text: string): Promise<void> {
  await each(200, async () => {
    const peer = await connect(httpPort);
    await writeFor(peer, text);
  });
}

/** Publishes much to subscribers that have not read what they got. */
async function publishTo(target: Target, channels: number): Promise<void> {
  const value = "y".repeat(2000);
  const peer = await target.connect(target.tcpPort);
  const count = Math.ceil(1.5 * target.maxBytes / value.length);
  await pipeline(peer, count, (i) => `PUBLISH c${i % channels} ${value}\r\n`, "\r\n");
}

/** A request of RESP. */
function resp(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

/** Many requests of RESP, most of which the server refuses in the end. */
async function redisFlood(
  target: Target,
  count: number,
  request: (i: number) => string,
): Promise<void> {
  const peer = await target.connect(target.tcpPort);
  await pipeline(peer, count, request, "\r\n");
}

/** All ways, by name. */
export const ATTACKS: Readonly<Record<string, (target: Target) => Promise<void>>> = {
  "plain messages over TCP": (target) => storeOverTcp(target, flood(target, 1.4, 200, () => "t")),
  "plain messages over HTTP": (target) => storeOverHttp(target, flood(target, 1.4, 200, () => "t")),
  "big messages over HTTP": (target) => storeOverHttp(target, flood(target, 2, 50_000, () => "t")),
  "long names over TCP": (target) => storeOverTcp(target, flood(target, 1.4, 1, LONG_NAME)),
  "long names over HTTP": (target) => storeOverHttp(target, flood(target, 1.4, 1, LONG_NAME)),
  "unread replies over TCP": (target) => leaveUnread(target, target.tcpPort, "GET_MESSAGES t\r\n"),
  "unread replies over HTTP": (target) => leaveUnread(target, target.httpPort, get("/messages/t")),
  async "unread replies whose messages are evicted"(target) {
    await leaveUnread(target, target.httpPort, get("/messages/t"));
    await storeOverTcp(target, flood(target, 1.5, 1000, () => "u"));
  },
  async "unread large values"(target) {
    const peer = await target.connect(target.httpPort);
    await peer.write(post("/set", `{"key":"k","value":"${"x".repeat(target.maxBytes / 5)}"}`));
    await peer.reads("HTTP/1.1 ");
    for (
      const [port, request] of [[target.tcpPort, "GET k\r\n"], [
        target.httpPort,
        get("/get/k"),
      ]] as const
    ) {
      await each(100, async () => {
        await writeFor(await target.connect(port), request.repeat(10));
      });
    }
  },
  async "unread replies of polls"(target) {
    const peers = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
      const peer = await target.connect(target.httpPort);
      await peer.write(post("/subscribe", `{"topic":"c0","subscriber_id":"s${i}"}`));
      await peer.reads("subscribed");
      return peer;
    }));
    await publishTo(target, 1);
    await Promise.all(
      peers.map((peer, i) => writeFor(peer, get(`/poll?subscriber_id=s${i}&timeout=1`).repeat(20))),
    );
  },
  async "unfinished lines"({ tcpPort, connect }) {
    await each(100, async () => {
      const peer = await connect(tcpPort);
      await writeFor(peer, `PUBLISH t ${"x".repeat(4 * MIB)}`);
    });
  },
  "unfinished bodies": (target) =>
    leaveUnfinished(
      target,
      `${BODY_HEAD}content-length: ${8 * MIB}\r\n\r\n{"key":"k","value":"${"x".repeat(4 * MIB)}`,
    ),
  "unfinished bodies in chunks": (target) =>
    leaveUnfinished(
      target,
      `${BODY_HEAD}transfer-encoding: chunked\r\n\r\n` +
        `10000\r\n${"x".repeat(65_536)}\r\n`.repeat(64),
    ),
  "unfinished bodies in small chunks": (target) =>
    leaveUnfinished(
      target,
      `${BODY_HEAD}transfer-encoding: chunked\r\n\r\n` +
        `64\r\n${"x".repeat(100)}\r\n`.repeat(10_000),
    ),
  async "queues of subscribers"(target) {
    for (let i = 0; i < 20; i++) {
      const peer = await target.connect(target.tcpPort);
      await peer.write(`SUBSCRIBE c${i}\r\n`);
      await peer.reads("SUBSCRIBED");
    }
    await publishTo(target, 20);
  },
  "keys of Redis clients": (target) =>
    redisFlood(target, Math.ceil(1.4 * target.maxBytes / 400), (i) => resp("SET", `key:${i}`, "v")),
  async "elements of Redis clients"(target) {
    const count = Math.ceil(0.4 * target.maxBytes / 500);
    await redisFlood(target, count, (i) => resp("HSET", "hash", `field:${i}`, "v"));
    await redisFlood(target, count, (i) => resp("SADD", "set", `member:${i}`));
    await redisFlood(target, count, (i) => resp("ZADD", "zset", `${i}`, `member:${i}`));
    await redisFlood(target, count, (i) => resp("RPUSH", "list", `element:${i}`));
  },
  async "unread replies of Redis clients"(target) {
    await redisFlood(target, 1, () => resp("SET", "k", "x".repeat(MIB)));
    await each(100, async () => {
      const peer = await target.connect(target.tcpPort);
      await writeFor(peer, resp("GET", "k").repeat(100));
    });
  },
  async "unfinished requests of Redis clients"({ tcpPort, connect }) {
    await each(100, async () => {
      const peer = await connect(tcpPort);
      await writeFor(peer, `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8000000\r\n${"x".repeat(4 * MIB)}`);
    });
  },
  async "unfinished requests of many words"({ tcpPort, connect }) {
    await each(100, async () => {
      const peer = await connect(tcpPort);
      await writeFor(peer, `*1000000\r\n${"$1\r\nx\r\n".repeat(500_000)}`);
    });
  },
  async "queues of Redis subscribers"(target) {
    for (let i = 0; i < 20; i++) {
      const peer = await target.connect(target.tcpPort);
      await peer.write(resp("SUBSCRIBE", `c${i}`));
      await peer.reads("subscribe");
    }
    await publishTo(target, 20);
  },
  async "scripts of Redis clients"(target) {
    const script = "return #ARGV[1]:rep(tonumber(ARGV[2]))";
    await redisFlood(target, 40, (i) => resp("EVAL", script, "0", "x", `${i % 20 * MIB}`));
    await redisFlood(target, 40, () => resp("EVAL", "return ARGV[1]:rep(1e6)", "0", "x"));
  },
  async "event streams"(target) {
    for (let i = 0; i < 100; i++) {
      const peer = await target.connect(target.httpPort);
      await peer.write(get(`/events?topic=c${i % 10}`));
      await peer.reads("HTTP/1.1 ");
    }
    await publishTo(target, 10);
  },
};
