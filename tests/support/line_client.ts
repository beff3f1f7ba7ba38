/**
 * A client of the line protocol that sends bytes as they are, for the tests of the server.
 *
 * @module
 */

import { within } from "./deadline.ts";

/** A connection and the lines that arrived on it. */
export class LineClient implements AsyncDisposable {
  readonly conn: Deno.TcpConn;
  readonly #lines: string[] = [];
  #rest = "";
  readonly #decoder = new TextDecoder();
  #isClosed = false;

  private constructor(conn: Deno.TcpConn) {
    this.conn = conn;
  }

  static async open(port: number): Promise<LineClient> {
    return new LineClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends a text, or bytes, as they are. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    for (let sent = 0; sent < bytes.length;) sent += await this.conn.write(bytes.subarray(sent));
  }

  /** The next line; undefined when the server has closed. */
  async line(): Promise<string | undefined> {
    while (this.#lines.length === 0) {
      if (!(await within(this.#read(), "a line of the server"))) return undefined;
    }
    return this.#lines.shift();
  }

  async #read(): Promise<boolean> {
    const bytes = new Uint8Array(64 * 1024);
    const count = await this.conn.read(bytes).catch((error) => {
      if (error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    });
    if (count === null) return false;
    const lines = (this.#rest + this.#decoder.decode(bytes.subarray(0, count), { stream: true }))
      .split("\r\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#lines.push(line);
    return true;
  }

  /** The next `count` lines. */
  async lines(count: number): Promise<(string | undefined)[]> {
    const lines = [];
    while (lines.length < count) lines.push(await this.line());
    return lines;
  }

  /** Sends a line; returns the next received line. */
  async request(line: string): Promise<string | undefined> {
    await this.send(`${line}\r\n`);
    return await this.line();
  }

  /** Waits until the server closes; the lines that arrived before. */
  async ended(): Promise<string[]> {
    const lines = [];
    for (let line = await this.line(); line !== undefined; line = await this.line()) {
      lines.push(line);
    }
    return lines;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.conn.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}

/** True if a process listens on the port. */
export async function isListening(port: number): Promise<boolean> {
  try {
    (await LineClient.open(port)).close();
    return true;
  } catch {
    return false;
  }
}
