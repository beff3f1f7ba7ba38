/**
 * Lines out of the bytes of a connection: what arrived is decoded many lines at a time.
 *
 * @module
 */

const LINE_FEED = 10;
const INITIAL_BYTES = 4096;
const READ_BYTES = 64 * 1024;

/** Why there is no text of a line. */
export type LineFault = "too long" | "not UTF-8";

/** Lines that came together, each ended by a line feed; or one that cannot be had. */
export type Lines = { text: string } | { fault: LineFault };

/**
 * Takes bytes as they come and gives whole lines. A line beyond the limit is skipped while it comes, so
 * that it takes no memory.
 */
export class LineReader {
  /** Most bytes of a line, its end included. */
  maxLineBytes: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #bytes = new Uint8Array(INITIAL_BYTES);
  #start = 0;
  #end = 0;
  /** Before this there is no line feed. */
  #searched = 0;
  /** Up to here lines are decoded one by one: among them is one that is no UTF-8. */
  #suspectEnd = 0;
  #isSkipping = false;

  constructor(maxLineBytes: number) {
    this.maxLineBytes = maxLineBytes;
  }

  /** Bytes that wait for their line to end. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The byte that is read next. */
  get firstByte(): number | undefined {
    return this.length > 0 ? this.#bytes[this.#start] : undefined;
  }

  /** Where to put the bytes that come next; `filled` tells how many they were. */
  space(): Uint8Array<ArrayBuffer> {
    if (this.#start === this.#end) this.#rewind();
    else if (this.#end === this.#bytes.length) this.#makeSpace();
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
    this.#bytes = new Uint8Array(Math.min(this.#bytes.length / 2, READ_BYTES));
  }

  #makeSpace(): void {
    const { length } = this;
    const target = length * 2 > this.#bytes.length ? new Uint8Array(length * 2) : this.#bytes;
    target.set(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = target;
    this.#searched = Math.max(0, this.#searched - this.#start);
    this.#suspectEnd = Math.max(0, this.#suspectEnd - this.#start);
    this.#start = 0;
    this.#end = length;
  }

  /** Tells how many bytes were put where `space` said. */
  filled(count: number): void {
    this.#end += count;
    // A peer that fills it has more to say.
    if (this.#end === this.#bytes.length && this.#end < READ_BYTES) this.#makeSpace();
  }

  /** The lines that are whole, or undefined when none is. */
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
    // What is found is taken, but for lines that are taken one by one.
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

  /** Drops a line that is too long; tells so once its end is there. */
  #skip(): Lines | undefined {
    const feed = this.#bytes.subarray(this.#start, this.#end).indexOf(LINE_FEED);
    this.#isSkipping = feed === -1;
    this.#start = feed === -1 ? this.#end : this.#start + feed + 1;
    this.#searched = Math.max(this.#searched, this.#start);
    return feed === -1 ? undefined : { fault: "too long" };
  }
}
