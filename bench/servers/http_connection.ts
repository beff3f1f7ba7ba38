/** One connection to an HTTP server, with as little as possible between a request and its bytes. */

const END_OF_HEAD = "\r\n\r\n";

/** A connection that reconnects after the server has closed it, as HTTP/1.0 servers do. */
export class HttpConnection implements Disposable {
  readonly #port: number;
  readonly #buffer = new Uint8Array(65_536);
  #connection: Deno.TcpConn | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  async #open(): Promise<Deno.TcpConn> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    connection.setNoDelay(true);
    return connection;
  }

  async send(method: string, path: string, body = ""): Promise<void> {
    const head = `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}`;
    this.#connection ??= await this.#open();
    await this.#connection.write(new TextEncoder().encode(head + END_OF_HEAD + body));
  }

  /** Reads a response to its end; it must contain `text`. */
  async read(text: string): Promise<void> {
    await this.#readUntil((seen) => isWhole(seen) && seen.includes(text));
  }

  /** Reads more of a response that does not end, until `text` has arrived. */
  async readMore(text: string): Promise<void> {
    await this.#readUntil((seen) => seen.includes(text));
  }

  async #readUntil(isEnough: (seen: string) => boolean): Promise<void> {
    let seen = "";
    while (!isEnough(seen)) {
      const count = await this.#connection!.read(this.#buffer);
      if (count === null) throw new Error(`the server hung up after ${seen}`);
      seen += new TextDecoder().decode(this.#buffer.subarray(0, count));
    }
    if (seen.startsWith("HTTP/1.0")) this[Symbol.dispose]();
  }

  async request(method: string, path: string, body?: string): Promise<void> {
    await this.send(method, path, body);
    await this.read("");
  }

  [Symbol.dispose](): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

/** One response at a time: it ends after its length, or with the last chunk; events never end. */
function isWhole(text: string): boolean {
  const end = text.indexOf(END_OF_HEAD);
  if (end === -1) return false;
  if (/content-type: text\/event-stream/i.test(text)) return true;
  if (/transfer-encoding: chunked/i.test(text)) return text.endsWith("\r\n0\r\n\r\n");
  const length = Number(/content-length: (\d+)/i.exec(text)![1]);
  return text.length - end - END_OF_HEAD.length >= length;
}
