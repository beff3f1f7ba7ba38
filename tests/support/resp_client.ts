/**
 * A client of RESP that shows replies as they are on the wire: every type differs from every other. Texts
 * are byte strings.
 *
 * @module
 */

import { latin1Bytes, readLatin1 } from "../../backends/store/latin1.ts";
import { within } from "./deadline.ts";

/** A reply: bulk strings are strings, whole numbers numbers, arrays arrays; other types have their name. */
export type WireReply =
  | string
  | number
  | null
  | boolean
  | WireReply[]
  | { readonly [type: string]: string | readonly WireReply[] };

/** The bytes of a request. */
export function requestBytes(words: readonly string[]): Uint8Array<ArrayBuffer> {
  const bulks = words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
  return latin1Bytes(`*${words.length}\r\n${bulks}`);
}

/** A connection to a server that speaks RESP. */
export class RespClient implements AsyncDisposable {
  readonly #conn: Deno.TcpConn;
  readonly #chunk = new Uint8Array(64 * 1024);
  #text = "";
  #at = 0;
  #isClosed = false;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async open(port: number): Promise<RespClient> {
    return new RespClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends bytes, or a byte string, as they are. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? latin1Bytes(data) : data;
    for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
  }

  /** Sends a command; returns its reply. */
  async call(...words: (string | number)[]): Promise<WireReply> {
    await this.send(requestBytes(words.map(String)));
    return await this.reply();
  }

  /** Sends commands in one write; returns their replies. */
  async pipeline(commands: readonly (readonly string[])[]): Promise<WireReply[]> {
    const parts = commands.map((words) => readLatin1(requestBytes(words)));
    const sent = this.send(parts.join(""));
    const replies: WireReply[] = [];
    for (const _ of commands) replies.push(await this.reply());
    await sent;
    return replies;
  }

  /** The next reply, or push. */
  async reply(): Promise<WireReply> {
    const line = await this.#line();
    const rest = line.slice(1);
    switch (line[0]) {
      case "$":
        return rest === "-1" ? null : await this.#bulk(Number(rest));
      case ":":
        return Number.isSafeInteger(Number(rest)) ? Number(rest) : { integer: rest };
      case "*":
        return rest === "-1" ? { null: "array" } : await this.#items(Number(rest));
      case "+":
        return { status: rest };
      case "-":
        return { error: rest };
      case "_":
        return { null: "RESP3" };
      case "#":
        return rest === "t";
      case ",":
        return { double: rest };
      case "(":
        return { big: rest };
      case "=":
        return { verbatim: await this.#bulk(Number(rest)) };
      case "%":
        return { map: await this.#items(Number(rest) * 2) };
      case "~":
        return { set: await this.#items(Number(rest)) };
      case ">":
        return { push: await this.#items(Number(rest)) };
      default:
        throw new Error(`not a reply: ${JSON.stringify(line)}`);
    }
  }

  async #items(count: number): Promise<WireReply[]> {
    const items: WireReply[] = [];
    while (items.length < count) items.push(await this.reply());
    return items;
  }

  async #bulk(length: number): Promise<string> {
    while (this.#text.length < this.#at + length + 2) await this.#more();
    const text = this.#text.slice(this.#at, this.#at + length);
    this.#at += length + 2;
    return text;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\r\n", this.#at);
      if (end !== -1) {
        const line = this.#text.slice(this.#at, end);
        this.#at = end + 2;
        return line;
      }
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const count = await within(this.#conn.read(this.#chunk), "a reply of the server");
    if (count === null) throw new Error("the server has closed the connection");
    this.#text = this.#text.slice(this.#at) + readLatin1(this.#chunk, 0, count);
    this.#at = 0;
  }

  /** Waits until the server closes; what it sent before. */
  async ended(): Promise<string> {
    try {
      for (;;) await this.#more();
    } catch (error) {
      const isEnd = error instanceof Deno.errors.ConnectionReset ||
        /has closed/.test((error as Error).message);
      if (!isEnd) throw error;
      return this.#text;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}
