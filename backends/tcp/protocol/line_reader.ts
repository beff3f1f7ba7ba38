/**
 * Decodes the bytes of a connection into lines, many at a time.
 *
 * @module
 */

const LINE_FEED = 10;
const INITIAL_BYTES = 4096;
const READ_BYTES = 64 * 1024;

/** Why a line has no text. */
export type LineFault = "too long" | "not UTF-8" | "no room";

/** Where a reader reserves the memory of long lines. */
export interface ReaderQuota {
  /** Reserves bytes; false if there is no room. */
  reserve(bytes: number): boolean;
  /** Releases bytes with a number less than 0. */
  add(bytes: number): void;
}

/** Lines that were decoded together, each with its line feed; or the fault of one line. */
export type Lines = { text: string } | { fault: LineFault };

/**
 * Takes received bytes and returns complete lines. A line beyond the limit is skipped while it arrives, so
 * that it uses no memory.
 */
export class LineReader {
  /** Most bytes of a line, its end included. */
  maxLineBytes: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #bytes = new Uint8Array(INITIAL_BYTES);
  #start = 0;
  #end = 0;
  /** There is no line feed before this index. */
  #searched = 0;
  /** Lines before this index are decoded one by one, because one of them is not UTF-8. */
  #suspectEnd = 0;
  #isSkipping = false;
  #fault: LineFault = "too long";
  readonly #quota: ReaderQuota | undefined;

  /** @param quota for lines that do not fit the first buffer. Default: there is always room */
  constructor(maxLineBytes: number, quota?: ReaderQuota) {
    this.maxLineBytes = maxLineBytes;
    this.#quota = quota;
  }

  /** Releases the memory. Nothing can be read after that. */
  close(): void {
    this.#start = this.#end = 0;
    this.#bytes = this.#resize(INITIAL_BYTES)!;
  }

  /** Makes an empty buffer of a size; undefined if there is no room. */
  #resize(size: number): Uint8Array<ArrayBuffer> | undefined {
    const added = size - this.#bytes.length;
    if (added > 0 && this.#quota?.reserve(added) === false) return undefined;
    if (added < 0) this.#quota?.add(added);
    return new Uint8Array(size);
  }

  /** True in the middle of a line that is too long. */
  get isSkipping(): boolean {
    return this.#isSkipping;
  }

  /** Bytes of lines that were not taken yet. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** At most `count` of the bytes that were not taken yet. */
  peek(count: number): Uint8Array {
    return this.#bytes.subarray(this.#start, Math.min(this.#end, this.#start + count));
  }

  /** Space for the next bytes. Call `filled` with their number. */
  space(): Uint8Array<ArrayBuffer> {
    if (this.#start === this.#end) this.#rewind();
    else if (this.#end === this.#bytes.length && !this.#makeSpace()) this.#giveUp();
    return this.#bytes.subarray(this.#end);
  }

  #rewind(): void {
    const used = this.#end;
    this.#start =
      this.#end =
      this.#searched =
      this.#suspectEnd =
        0;
    if (used * 4 >= this.#bytes.length || this.#bytes.length <= INITIAL_BYTES) return;
    this.#bytes = this.#resize(Math.min(this.#bytes.length / 2, READ_BYTES))!;
  }

  /** Moves what was not taken to the start of a buffer that is large enough; false if there is no room. */
  #makeSpace(): boolean {
    const { length } = this;
    const target = length * 2 > this.#bytes.length ? this.#resize(length * 2) : this.#bytes;
    if (target === undefined) return false;
    target.set(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = target;
    this.#searched = Math.max(0, this.#searched - this.#start);
    this.#suspectEnd = Math.max(0, this.#suspectEnd - this.#start);
    this.#start = 0;
    this.#end = length;
    return true;
  }

  /** Skips the rest of a line that there is no room for. */
  #giveUp(): void {
    this.#start =
      this.#end =
      this.#searched =
      this.#suspectEnd =
        0;
    this.#isSkipping = true;
    this.#fault = "no room";
  }

  /** Reports how many bytes were written to `space`. */
  filled(count: number): void {
    this.#end += count;
    // A peer that fills the space probably has more to send.
    if (this.#end === this.#bytes.length && this.#end < READ_BYTES) this.#makeSpace();
  }

  /** The complete lines, or undefined if there are none. */
  take(): Lines | undefined {
    if (this.#isSkipping) return this.#skip();
    const lastFeed = this.#lastFeed();
    if (lastFeed === -1) return this.length > this.maxLineBytes ? this.#skip() : undefined;
    const isPlain = lastFeed - this.#start < this.maxLineBytes && this.#start >= this.#suspectEnd;
    const lineEnd = isPlain ? lastFeed : this.#bytes.indexOf(LINE_FEED, this.#start);
    if (lineEnd - this.#start >= this.maxLineBytes) return this.#skip();
    return this.#decode(lineEnd + 1);
  }

  #lastFeed(): number {
    const at = this.#bytes.subarray(this.#searched, this.#end).lastIndexOf(LINE_FEED);
    // A line feed that was found is consumed at once, except when lines are decoded one by one.
    if (at === -1) this.#searched = this.#end;
    return at === -1 ? -1 : this.#searched + at;
  }

  #decode(end: number): Lines | undefined {
    try {
      const text = this.#decoder.decode(this.#bytes.subarray(this.#start, end));
      this.#start = end;
      this.#searched = Math.max(this.#searched, end);
      return { text };
    } catch {
      if (this.#start < this.#suspectEnd || this.#isOneLine(end)) {
        this.#start = end;
        this.#searched = Math.max(this.#searched, end);
        return { fault: "not UTF-8" };
      }
      this.#suspectEnd = end;
      return this.take();
    }
  }

  #isOneLine(end: number): boolean {
    return this.#bytes.indexOf(LINE_FEED, this.#start) === end - 1;
  }

  /** Skips a line that is too long; reports the fault when its end has arrived. */
  #skip(): Lines | undefined {
    const feed = this.#bytes.subarray(this.#start, this.#end).indexOf(LINE_FEED);
    this.#isSkipping = feed === -1;
    this.#start = feed === -1 ? this.#end : this.#start + feed + 1;
    this.#searched = Math.max(this.#searched, this.#start);
    if (feed === -1) return undefined;
    const fault = this.#fault;
    this.#fault = "too long";
    return { fault };
  }
}
