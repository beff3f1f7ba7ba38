/**
 * Reads the body of a request, up to a limit.
 *
 * @module
 */

import { messageOf } from "../../../lib/base/thrown.ts";
import type { TextSet } from "../../../lib/base/text_map.ts";
import { jsonMembers, parsedLeniently, parseShallow } from "../../../lib/message/json_members.ts";
import { HttpError } from "./errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The members with some names of the JSON object in a body, each as JSON text. */
export async function readMembers(
  request: Request,
  maxBytes: number,
  names: TextSet,
): Promise<Map<string, string>> {
  const text = decode(await readBytes(request, maxBytes));
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

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) <= maxBytes) return await readWhole(request);
  if (declared !== null) throw tooLarge(maxBytes);
  return await readLimited(request, maxBytes);
}

async function readWhole(request: Request): Promise<Uint8Array> {
  try {
    return await request.bytes();
  } catch (error) {
    throw new HttpError(400, `the body is incomplete: ${messageOf(error)}`);
  }
}

/** Reads a body without a declared length. */
async function readLimited(request: Request, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, `the body must not exceed ${maxBytes} bytes`, {
    connection: "close",
  });
}
