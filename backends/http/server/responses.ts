/**
 * Responses with JSON and the common headers.
 *
 * @module
 */

import type { HttpError } from "./errors.ts";

/** Value of the header `server`, by which clients detect this implementation. */
export const SERVER_NAME = "ringbus";

/** Approximate number of characters in one chunk. */
const CHUNK_LENGTH = 65_536;

const HEADERS = { "content-type": "application/json", "server": SERVER_NAME };
const OK: ResponseInit = { headers: HEADERS };

/** What the handler of a route returns: JSON text, or a response of its own. */
export type RouteResponse = string | Response | Promise<Response>;

/** A response with JSON. A large one is sent in chunks, as fast as the client reads. */
export function json(text: string): Response {
  if (text.length <= CHUNK_LENGTH) return new Response(text, OK);
  return new Response(ReadableStream.from(textChunks(text)), OK);
}

function* textChunks(text: string): Generator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += CHUNK_LENGTH) {
    yield bytes.subarray(at, at + CHUNK_LENGTH);
  }
}

/** A response with text of another media type. */
export function textResponse(mediaType: string, text: string): Response {
  return new Response(text, {
    headers: { "content-type": mediaType, "cache-control": "no-store", "server": SERVER_NAME },
  });
}

/**
 * A response whose text is available later.
 *
 * @param onCancel called when the client closes the connection while it waits. (`request.signal` reports
 *   that too, but Deno then logs a warning for each response.)
 */
export function deferredJson(text: Promise<string>, onCancel: () => void): Response {
  let chunks: Iterator<Uint8Array, void> | undefined;
  const body = new ReadableStream({
    async pull(controller) {
      chunks ??= textChunks(await text);
      const { value, done } = chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: onCancel,
  }, { highWaterMark: 0 });
  return new Response(body, OK);
}

/** A response with an array of JSON texts. A large one is sent in chunks, as fast as the client reads. */
export function jsonArray(items: readonly string[]): Response {
  let length = 0;
  for (const item of items) length += item.length;
  if (length <= CHUNK_LENGTH) return json(`[${items.join(",")}]`);
  return new Response(ReadableStream.from(arrayChunks(items)), OK);
}

function* arrayChunks(items: readonly string[]): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let chunk = "[";
  for (const [i, item] of items.entries()) {
    chunk += i === 0 ? item : `,${item}`;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield encoder.encode(chunk);
    chunk = "";
  }
  yield encoder.encode(`${chunk}]`);
}

/** The response to a rejected request. */
export function errorResponse({ status, message, headers }: HttpError): Response {
  const text = JSON.stringify({ error: message });
  return new Response(text, { status, headers: { ...HEADERS, ...headers } });
}
