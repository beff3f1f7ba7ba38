/**
 * Reads the body of a request, up to a limit.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import { messageOf } from "../../../lib/base/thrown.ts";
import type { TextSet } from "../../../lib/base/text_map.ts";
import { jsonMembers, parsedLeniently, parseShallow } from "../../../lib/message/json_members.ts";
import type { TransitQuota } from "../../store/transit_quota.ts";
import { HttpError } from "./errors.ts";

const wholeDecoder = new TextDecoder("utf-8", { fatal: true });

/** Bodies up to this declared length are read at once. */
const SMALL_BYTES = 16 * 1024;
/** What the runtime keeps for a request with a body that has not arrived, measured. */
const REQUEST_BYTES = 32 * 1024;
/** Bytes of a block of a larger body. */
const BLOCK_BYTES = 16 * 1024;
/** Most blocks that are kept for later bodies. */
const MAX_FREE_BLOCKS = 1024;

/** The limits of bodies. */
export interface BodyLimits {
  /** Most bytes of one. */
  readonly maxBytes: number;
  /** The quota of all together. */
  readonly transit: TransitQuota;
}

/** The members with some names of the JSON object in a body, each as JSON text. */
export async function readMembers(
  request: Request,
  limits: BodyLimits,
  names: TextSet,
): Promise<Map<string, string>> {
  const text = await readText(request, limits);
  try {
    return parsedLeniently(text, (each) => membersOf(each, names));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new HttpError(400, `the body must be a JSON object: ${error.message}`);
  }
}

function membersOf(text: string, names: TextSet): Map<string, string> {
  const value = parseShallow(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return jsonMembers(text, names);
  }
  throw new HttpError(400, "the body must be a JSON object, not other JSON");
}

function decode<T>(bytes: T, decoded: (bytes: T) => string): string {
  try {
    return decoded(bytes);
  } catch {
    throw new HttpError(400, "the body must be UTF-8");
  }
}

function decodedParts(parts: Iterable<Uint8Array>): string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for (const part of parts) text += decoder.decode(part, { stream: true });
  return text + decoder.decode();
}

/** Reads a body, and decodes it. Its bytes are counted until then. */
async function readText(request: Request, { maxBytes, transit }: BodyLimits): Promise<string> {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(maxBytes);
  using reserved = new Reservation(transit);
  reserved.add(REQUEST_BYTES);
  if (declared !== null && Number(declared) <= SMALL_BYTES) {
    reserved.add(Number(declared));
    return decode(await readWhole(request), (bytes) => wholeDecoder.decode(bytes));
  }
  using body = new BlockBody(reserved);
  await body.read(request, maxBytes);
  return decode(body.parts(), decodedParts);
}

/** The bytes that one request has reserved. */
class Reservation implements Disposable {
  readonly #transit: TransitQuota;
  #bytes = 0;

  constructor(transit: TransitQuota) {
    this.#transit = transit;
  }

  /** Reserves more bytes. Throws if there is no room. */
  add(bytes: number): void {
    if (!this.#transit.reserve(bytes)) throw noRoom();
    this.#bytes += bytes;
  }

  [Symbol.dispose](): void {
    this.#transit.add(-this.#bytes);
  }
}

async function readWhole(request: Request): Promise<Uint8Array> {
  try {
    return await request.bytes();
  } catch (error) {
    throw incomplete(error);
  }
}

/** Blocks that no body uses. Blocks of one size leave no gaps in the memory of the process. */
const freeBlocks: ArrayBuffer[] = [];

/**
 * A body that is large, or of unknown length. The runtime writes it into blocks: chunks of its own would have
 * buffers of 64 KiB each, whatever is in them, until they are collected as garbage.
 */
class BlockBody implements Disposable {
  readonly #reserved: Reservation;
  readonly #blocks: ArrayBuffer[] = [];
  #length = 0;

  constructor(reserved: Reservation) {
    this.#reserved = reserved;
  }

  /** Reads to the end. Throws if there are more than `maxBytes`, or no room. */
  async read({ body }: Request, maxBytes: number): Promise<void> {
    if (body === null) return;
    const reader = byteReaderOf(body);
    const whole = reader === undefined ? body.getReader() : undefined;
    try {
      while (reader ? await this.#readMore(reader) : await this.#copyNext(whole!)) {
        if (this.#length > maxBytes) throw tooLarge(maxBytes);
      }
    } finally {
      (reader ?? whole!).cancel().catch(() => {});
    }
  }

  /** Copies the next chunk; false at the end. */
  async #copyNext(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> {
    const { value } = await reader.read().catch((error) => {
      throw incomplete(error);
    });
    if (value === undefined) return false;
    for (let at = 0; at < value.length;) {
      const start = this.#length % BLOCK_BYTES;
      if (start === 0) this.#blocks.push(this.#newBlock());
      const part = value.subarray(at, at + BLOCK_BYTES - start);
      new Uint8Array(this.#blocks.at(-1)!, start).set(part);
      this.#length += part.length;
      at += part.length;
    }
    return true;
  }

  /** Reads what has arrived; false at the end. */
  async #readMore(reader: ReadableStreamBYOBReader): Promise<boolean> {
    const start = this.#length % BLOCK_BYTES;
    const block = start === 0 ? this.#newBlock() : this.#blocks.pop()!;
    try {
      const { value, done } = await reader.read(new Uint8Array(block, start));
      if (value === undefined) return false;
      // The runtime has taken the buffer, and gives it back in another object.
      this.#blocks.push(value.buffer);
      this.#length += value.length;
      return !done;
    } catch (error) {
      throw incomplete(error);
    }
  }

  #newBlock(): ArrayBuffer {
    this.#reserved.add(BLOCK_BYTES);
    return freeBlocks.pop() ?? new ArrayBuffer(BLOCK_BYTES);
  }

  /** What was read, in parts. */
  *parts(): Generator<Uint8Array> {
    let left = this.#length;
    for (const block of this.#blocks) {
      yield new Uint8Array(block, 0, Math.min(left, BLOCK_BYTES));
      left -= BLOCK_BYTES;
    }
  }

  [Symbol.dispose](): void {
    for (const block of this.#blocks) {
      if (!block.detached && freeBlocks.length < MAX_FREE_BLOCKS) freeBlocks.push(block);
    }
  }
}

/** A reader that writes into buffers that it gets; undefined for a body that has arrived already. */
function byteReaderOf(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

function incomplete(error: unknown): HttpError {
  return new HttpError(400, `the body is incomplete: ${messageOf(error)}`);
}

function noRoom(): HttpError {
  return new HttpError(503, "there is no room for a body now: send it later, or raise maxBytes", {
    connection: "close",
    "retry-after": "1",
  });
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, `the body must not exceed ${pluralize(maxBytes, "byte")}`, {
    connection: "close",
  });
}
