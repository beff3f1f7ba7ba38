/**
 * Reads the body of a request, up to a limit.
 *
 * @module
 */

import { messageOf } from "../../../lib/base/thrown.ts";
import type { TextSet } from "../../../lib/base/text_map.ts";
import { jsonMembers, parsedLeniently, parseShallow } from "../../../lib/message/json_members.ts";
import type { TransitQuota } from "../../store/transit_quota.ts";
import { HttpError } from "./errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Bodies up to this declared length are read at once. */
const SMALL_BYTES = 16 * 1024;

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
  const text = decode(await readBytes(request, limits));
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

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new HttpError(400, "the body must be UTF-8");
  }
}

async function readBytes(request: Request, { maxBytes, transit }: BodyLimits): Promise<Uint8Array> {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(maxBytes);
  const reserved = new Reservation(transit);
  try {
    return declared !== null && Number(declared) <= SMALL_BYTES
      ? await readWhole(request, Number(declared), reserved)
      : await readChunks(request, maxBytes, reserved);
  } finally {
    reserved.release();
  }
}

/** The bytes of a body that have arrived. */
class Reservation {
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

  release(): void {
    this.#transit.add(-this.#bytes);
  }
}

async function readWhole(
  request: Request,
  length: number,
  reserved: Reservation,
): Promise<Uint8Array> {
  reserved.add(length);
  try {
    return await request.bytes();
  } catch (error) {
    throw incomplete(error);
  }
}

/** Reads a body that is large, or of unknown length, and counts it as it arrives. */
async function readChunks(
  request: Request,
  maxBytes: number,
  reserved: Reservation,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  try {
    for (;;) {
      const chunk = await nextChunk(reader);
      if (chunk === undefined) return joined(chunks, length);
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      reserved.add(chunk.length);
      chunks.push(chunk);
    }
  } finally {
    reader?.cancel().catch(() => {});
  }
}

async function nextChunk(
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
): Promise<Uint8Array | undefined> {
  try {
    const chunk = (await reader?.read())?.value;
    // Short chunks come in buffers of full size.
    return chunk === undefined || chunk.length * 2 > chunk.buffer.byteLength
      ? chunk
      : chunk.slice();
  } catch (error) {
    throw incomplete(error);
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
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
  return new HttpError(413, `the body must not exceed ${maxBytes} bytes`, {
    connection: "close",
  });
}
