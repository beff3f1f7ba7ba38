/**
 * Reads requests from the bytes of a connection: arrays of byte strings, and lines of words. Bytes are read
 * into one buffer, which is used again, and each argument is made from its offsets in the buffer.
 *
 * @module
 */

import { readLatin1 } from "../../store/latin1.ts";
import { ErrorReply } from "./reply.ts";
import { splitInline } from "./inline.ts";
import { RequestQueue } from "./request_queue.ts";
import { MAX_SHORT, shortText } from "./short_texts.ts";

const INITIAL_BYTES = 4096;
/** A buffer that was filled grows up to this size, so that one read brings more. */
const READ_BYTES = 64 * 1024;
/** A buffer up to this size stays while requests fill it. */
const KEPT_BYTES = 256 * 1024;
const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;
const ARRAY = 0x2a;
const BULK = 0x24;
const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
/** Most characters of a line that has a number. */
const MAX_NUMBER_LENGTH = 20;
/** Most bytes of a line of words. */
const MAX_INLINE_BYTES = 64 * 1024;
/** Most arguments for which there is an array before they have arrived. */
const MAX_ALLOCATED = 64;
/** Approximate bytes of an argument besides its characters. */
const ARGUMENT_BYTES = 32;

const NO_REQUESTS: readonly string[][] = [];

/** What is allowed in a request. */
export interface RequestLimits {
  /** Most arguments, the name of the command included. */
  maxArguments: number;
  /** Most bytes of one argument. */
  maxBulkBytes: number;
  /** Most bytes of all arguments together. */
  maxRequestBytes: number;
  /** Begins the errors about a request that exceeds them: `"invalid"` or `"unauthenticated"`. */
  fault: string;
}

/** Where a parser reserves memory of requests that do not fit its first buffer. */
export interface ParserQuota {
  /** Reserves bytes; false if there is no room. */
  reserve(bytes: number): boolean;
  /** Releases bytes with a number less than 0. */
  add(bytes: number): void;
}

/** What is thrown for a request that cannot be read: the connection is closed after it. */
function protocolError(problem: string): ErrorReply {
  return new ErrorReply(`ERR Protocol error: ${problem}`);
}

/** Takes received bytes, and returns requests. */
export class RequestParser {
  /** What is allowed now. */
  limits: RequestLimits;
  readonly #quota: ParserQuota | undefined;
  #bytes = new Uint8Array(INITIAL_BYTES);
  #start = 0;
  #end = 0;
  /** True if a request since the last release needed more than `READ_BYTES`. */
  #wasLarge = false;
  /** Arguments of the request that has arrived in part, and how many there are. */
  #args: string[] = [];
  #count = 0;
  /** Arguments of it that are still to come; 0 between two requests. */
  #missing = 0;
  /** Bytes of the next argument; -1 if its length is still to come. */
  #bulkLength = -1;
  /** Bytes of the arguments that have arrived. */
  #requestBytes = 0;
  #isLine = false;
  /** Requests that were read and not returned yet, of which the last one may be a line of words. */
  readonly #ahead = new RequestQueue();
  #endsWithLine = false;
  /** What is thrown after them. */
  #failure: ErrorReply | undefined;
  /** True from a call of `space` until the call of `filled`: bytes may come into this buffer. */
  #isFilling = false;
  /** Bytes of arguments that the quota knows of. */
  #countedBytes = 0;

  constructor(limits: RequestLimits, quota?: ParserQuota) {
    this.limits = limits;
    this.#quota = quota;
  }

  /** Bytes that were received and not returned as a request yet. */
  get length(): number {
    return this.#unread + this.#ahead.bytes;
  }

  /** Bytes that were not read yet. */
  get #unread(): number {
    return this.#end - this.#start;
  }

  /** True if the last request that was returned was a line of words. */
  get isLine(): boolean {
    return this.#isLine;
  }

  /** Appends bytes that were received elsewhere. */
  append(bytes: Uint8Array): void {
    while (this.#bytes.length - this.#end < bytes.length) {
      this.#enlarge(this.#unread + bytes.length);
    }
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Space for the next bytes. Call `filled` with their number. */
  space(): Uint8Array<ArrayBuffer> {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    const needed = Math.max(this.#bulkLength, 0) + 2;
    if (this.#end === this.#bytes.length || this.#start + needed > this.#bytes.length) {
      this.#enlarge(Math.min(needed, this.#unread * 2));
    }
    this.#isFilling = true;
    return this.#bytes.subarray(this.#end);
  }

  /** Reports how many bytes were written to `space`. */
  filled(count: number): void {
    this.#isFilling = false;
    this.#end += count;
    if (this.#end > READ_BYTES) this.#wasLarge = true;
    const isFull = this.#end === this.#bytes.length;
    if (isFull && this.#bytes.length < READ_BYTES) this.#enlarge(this.#unread * 2);
  }

  /** Moves what was not read to the start of a buffer of at least a size. */
  #enlarge(size: number): void {
    const length = this.#unread;
    const isLarger = size > this.#bytes.length || length * 2 > this.#bytes.length;
    const target = isLarger ? this.#newBuffer(Math.max(size, this.#bytes.length * 2)) : this.#bytes;
    target.set(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = target;
    this.#start = 0;
    this.#end = length;
  }

  /** A buffer of a size, which counts from then on in place of the present one. */
  #newBuffer(size: number): Uint8Array<ArrayBuffer> {
    const added = size - this.#bytes.length;
    if (added > 0) this.#reserve(added);
    else this.#quota?.add(added);
    return new Uint8Array(size);
  }

  #reserve(bytes: number): void {
    if (this.#quota?.reserve(bytes) === false) {
      throw protocolError("there is no room for a request of this size now");
    }
  }

  /** Releases the memory of the requests that were returned. */
  release(): void {
    if (this.#missing > 0) return;
    this.#quota?.add(-this.#countedBytes);
    this.#countedBytes = 0;
    // A client that waits may send more, and go on while its connection is being read.
    if (this.#isFilling || this.#unread > 0 || this.#bytes.length <= READ_BYTES) return;
    const isKept = this.#wasLarge && this.#bytes.length <= KEPT_BYTES;
    this.#wasLarge = false;
    if (isKept) return;
    this.#bytes = this.#newBuffer(READ_BYTES);
    this.#start = this.#end = 0;
  }

  /** Releases all memory. Nothing can be read after that. */
  close(): void {
    this.#missing = 0;
    this.#args = [];
    this.#ahead.clear();
    this.#start = this.#end = 0;
    this.release();
    if (this.#bytes.length > INITIAL_BYTES) this.#bytes = this.#newBuffer(INITIAL_BYTES);
  }

  /**
   * The next request: its words, of which the first names the command. Undefined if it is not whole yet.
   *
   * @throws {ErrorReply} if the bytes are no request
   */
  next(): string[] | undefined {
    const words = this.#ahead.take();
    if (words === undefined) return this.#parse();
    this.#isLine = this.#ahead.isEmpty && this.#endsWithLine;
    return words;
  }

  /**
   * Reads some of the requests that have arrived, which `next` returns later; none as long as it has some.
   * A line ends them, and so does a request that cannot be read: `next` then throws in its turn.
   */
  readAhead(): readonly string[][] {
    if (!this.#ahead.isEmpty || this.#failure !== undefined) return NO_REQUESTS;
    const wasLine = this.#isLine;
    this.#endsWithLine = false;
    while (!this.#ahead.isFull && !this.#endsWithLine && this.#start < this.#end) {
      const start = this.#start;
      const words = this.#tryParse();
      if (words === undefined) break;
      this.#ahead.add(words, this.#start - start);
      this.#endsWithLine = this.#isLine;
    }
    this.#isLine = wasLine;
    return this.#ahead.requests;
  }

  #tryParse(): string[] | undefined {
    try {
      return this.#parse();
    } catch (error) {
      if (!(error instanceof ErrorReply)) throw error;
      this.#failure = error;
      return undefined;
    }
  }

  #parse(): string[] | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    this.#isLine = false;
    while (this.#missing === 0) {
      if (this.#start === this.#end) return undefined;
      this.#isLine = this.#bytes[this.#start] !== ARRAY;
      if (this.#isLine) {
        const words = this.#inline();
        if (words === undefined || words.length > 0) return words;
        continue;
      }
      const count = this.#number("invalid multibulk length");
      if (count === undefined) return undefined;
      if (count > this.limits.maxArguments) {
        throw protocolError(`${this.limits.fault} multibulk length`);
      }
      if (count <= 0) continue;
      // An array of the right length takes less memory than one that grows.
      this.#args = count <= MAX_ALLOCATED ? new Array(count) : [];
      this.#missing = this.#count = count;
      this.#requestBytes = 0;
    }
    return this.#arguments();
  }

  #arguments(): string[] | undefined {
    while (this.#missing > 0) {
      if (this.#bulkLength === -1 && !this.#readBulkLength()) return undefined;
      const end = this.#start + this.#bulkLength;
      if (end + 2 > this.#end) return undefined;
      const read = this.#bulkLength <= MAX_SHORT ? shortText : readLatin1;
      this.#args[this.#count - this.#missing] = read(this.#bytes, this.#start, end);
      this.#start = end + 2;
      this.#bulkLength = -1;
      this.#missing--;
    }
    const args = this.#args;
    this.#args = [];
    return args;
  }

  #readBulkLength(): boolean {
    if (this.#start === this.#end) return false;
    const first = this.#bytes[this.#start];
    if (first !== BULK) {
      throw protocolError(`expected '$', got '${String.fromCharCode(first)}'`);
    }
    const length = this.#number("invalid bulk length");
    if (length === undefined) return false;
    if (length < 0) throw protocolError("invalid bulk length");
    if (length > this.limits.maxBulkBytes) {
      throw protocolError(`${this.limits.fault} bulk length`);
    }
    this.#requestBytes += length + ARGUMENT_BYTES;
    if (this.#requestBytes > this.limits.maxRequestBytes) {
      throw protocolError("too big request: its arguments together are too long");
    }
    // What fits the first buffer is short-lived, and not counted.
    if (this.#requestBytes > READ_BYTES) {
      this.#reserve(length + ARGUMENT_BYTES);
      this.#countedBytes += length + ARGUMENT_BYTES;
    }
    this.#bulkLength = length;
    return true;
  }

  /** The number of a line after its first character; undefined if the line is not whole yet. */
  #number(problem: string): number | undefined {
    const bytes = this.#bytes;
    let at = this.#start + 1;
    const isNegative = bytes[at] === MINUS && at < this.#end;
    if (isNegative) at++;
    const first = at;
    let value = 0;
    for (; at < this.#end; at++) {
      const code = bytes[at];
      if (code < DIGIT_0 || code > DIGIT_9) break;
      value = value * 10 + code - DIGIT_0;
    }
    if (at - this.#start > MAX_NUMBER_LENGTH) throw protocolError(problem);
    if (at + 1 >= this.#end && (at === this.#end || bytes[at] === CARRIAGE_RETURN)) {
      return undefined;
    }
    if (at === first || bytes[at] !== CARRIAGE_RETURN) throw protocolError(problem);
    this.#start = at + 2;
    return isNegative ? -value : value;
  }

  /** The words of a line; undefined if it is not whole yet. */
  #inline(): string[] | undefined {
    const feed = this.#bytes.subarray(this.#start, this.#end).indexOf(LINE_FEED);
    if (feed === -1) {
      if (this.#unread > MAX_INLINE_BYTES) throw protocolError("too big inline request");
      return undefined;
    }
    const end = this.#start + feed;
    const hasReturn = feed > 0 && this.#bytes[end - 1] === CARRIAGE_RETURN;
    const line = readLatin1(this.#bytes, this.#start, hasReturn ? end - 1 : end);
    this.#start = end + 1;
    const words = splitInline(line);
    if (words === undefined) throw protocolError("unbalanced quotes in request");
    return words;
  }
}
