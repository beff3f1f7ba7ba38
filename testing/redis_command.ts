/**
 * Sends one command to a Redis server, over a connection of its own.
 *
 * @module
 */

import { withTimer } from "../lib/base/timer.ts";
import { messageOf } from "../lib/base/thrown.ts";

/** Generous: reached only by a server that is paused or stopped. */
const DEADLINE_MS = 30_000;

/** A reply of Redis. */
export type RedisReply = string | number | null | RedisReply[];

/** Address and password of a server. */
export interface RedisAddress {
  host: string;
  port: number;
  password?: string | undefined;
  /** The path of a Unix socket, over which it is reached instead. */
  socketPath?: string | undefined;
}

/** Sends a command and returns the reply. Throws on an error reply, and when none arrives in time. */
export async function redisCommand(
  address: RedisAddress,
  command: string[],
): Promise<RedisReply> {
  try {
    return await exchange(address, command);
  } catch (cause) {
    const { host, port } = address;
    const why = messageOf(cause);
    throw new Error(`${command[0]} on ${host}:${port} failed: ${why}`, { cause });
  }
}

async function exchange(
  { host, port, password, socketPath }: RedisAddress,
  command: string[],
): Promise<RedisReply> {
  using connection = socketPath === undefined
    ? await Deno.connect({ hostname: host, port })
    : await Deno.connect({ transport: "unix", path: socketPath });
  const replies = new ReplyReader(connection);
  const talk = async () => {
    if (password !== undefined) {
      await send(connection, ["AUTH", password]);
      await replies.next();
    }
    await send(connection, command);
    return await replies.next();
  };
  return await withDeadline(talk(), () => connection.close());
}

async function withDeadline<T>(work: Promise<T>, stop: () => void): Promise<T> {
  let isTimedOut = false;
  const onTimeout = () => {
    isTimedOut = true;
    stop();
  };
  try {
    return await withTimer(work, DEADLINE_MS, onTimeout);
  } catch (error) {
    throw isTimedOut ? new Error(`no reply within ${DEADLINE_MS} ms`) : error;
  }
}

async function send(connection: Deno.Conn, command: string[]): Promise<void> {
  const encoder = new TextEncoder();
  const words = command.map((word) => `$${encoder.encode(word).length}\r\n${word}\r\n`);
  let rest = encoder.encode(`*${words.length}\r\n${words.join("")}`);
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}

/** Reads the second version of the protocol. */
class ReplyReader {
  readonly #connection: Deno.Conn;
  readonly #chunk = new Uint8Array(64 * 1024);
  #bytes = new Uint8Array();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  async next(): Promise<RedisReply> {
    const line = await this.#line();
    const rest = line.slice(1);
    switch (line[0]) {
      case "+":
        return rest;
      case ":":
        return Number(rest);
      case "$":
        return rest === "-1" ? null : await this.#text(Number(rest));
      case "*":
        return rest === "-1" ? null : await this.#array(Number(rest));
      default:
        throw new Error(rest);
    }
  }

  async #array(length: number): Promise<RedisReply[]> {
    const replies: RedisReply[] = [];
    while (replies.length < length) replies.push(await this.next());
    return replies;
  }

  async #text(length: number): Promise<string> {
    while (this.#bytes.length < length + 2) await this.#more();
    return this.#take(length);
  }

  async #line(): Promise<string> {
    while (true) {
      const end = this.#bytes.indexOf(0x0a);
      if (end > 0) return this.#take(end - 1);
      await this.#more();
    }
  }

  /** The text before the next end of line. */
  #take(length: number): string {
    const text = new TextDecoder().decode(this.#bytes.subarray(0, length));
    this.#bytes = this.#bytes.subarray(length + 2);
    return text;
  }

  async #more(): Promise<void> {
    const count = await this.#connection.read(this.#chunk);
    if (count === null) throw new Error("the server closed the connection");
    const bytes = new Uint8Array(this.#bytes.length + count);
    bytes.set(this.#bytes);
    bytes.set(this.#chunk.subarray(0, count), this.#bytes.length);
    this.#bytes = bytes;
  }
}
