/** Messages on a byte stream: `[length: 4 bytes, little-endian][data]`. */
import type { Endpoint } from "./roles.js";

const PREFIX = 4;
const READ_AHEAD = 64 * 1024;

/** Reads frames into one buffer. A frame is a view of it, valid until the next read. */
class FrameReader {
  readonly #conn: Deno.Conn;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #start = 0;
  #end = 0;

  constructor(conn: Deno.Conn, maxSize: number) {
    this.#conn = conn;
    this.#buffer = new Uint8Array(PREFIX + maxSize + READ_AHEAD);
    this.#view = new DataView(this.#buffer.buffer);
  }

  async read(): Promise<Uint8Array> {
    if (this.#end - this.#start < PREFIX) await this.#fill(PREFIX);
    const length = this.#view.getUint32(this.#start, true);
    if (this.#end - this.#start < PREFIX + length) await this.#fill(PREFIX + length);
    const from = this.#start + PREFIX;
    this.#start = from + length;
    return this.#buffer.subarray(from, this.#start);
  }

  async #fill(needed: number): Promise<void> {
    if (this.#start + needed > this.#buffer.length - READ_AHEAD / 2) this.#moveToFront();
    while (this.#end - this.#start < needed) {
      const read = await this.#conn.read(this.#buffer.subarray(this.#end));
      if (read === null) throw new Error("the other side closed the connection");
      this.#end += read;
    }
  }

  #moveToFront(): void {
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }
}

/** Writes prefix and data with one call. Every write is awaited, so that the frame can be reused. */
class FrameWriter {
  readonly #conn: Deno.Conn;
  readonly #frame: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  constructor(conn: Deno.Conn, maxSize: number) {
    this.#conn = conn;
    this.#frame = new Uint8Array(PREFIX + maxSize);
    this.#view = new DataView(this.#frame.buffer);
  }

  async write(message: Uint8Array): Promise<void> {
    this.#view.setUint32(0, message.length, true);
    this.#frame.set(message, PREFIX);
    const end = PREFIX + message.length;
    let at = 0;
    while (at < end) at += await this.#conn.write(this.#frame.subarray(at, end));
  }
}

export function framed(conn: Deno.Conn, maxSize: number): Endpoint {
  const reader = new FrameReader(conn, maxSize);
  const writer = new FrameWriter(conn, maxSize);
  return {
    receive: () => reader.read(),
    send: (message) => writer.write(message),
    close: () => conn.close(),
  };
}
