/**
 * Responses with JSON and the common headers.
 *
 * @module
 */

import type { HttpError } from "./errors.ts";

/** Value of the header `server`, by which clients detect this implementation. */
export const SERVER_NAME = "ringbus";

/** Approximate number of characters in one chunk. */
export const CHUNK_LENGTH = 65_536;

const HEADERS = { "content-type": "application/json", "server": SERVER_NAME };
const OK: ResponseInit = { headers: HEADERS };

/** Something with JSON text, such as a message in the store. */
export interface WithText {
  readonly text: string;
}

/** What the handler of a route returns: JSON text, the items of an array, or a response of its own. */
export type RouteResponse = string | readonly WithText[] | Response | Promise<Response>;

/** A response with JSON. */
export function json(text: string): Response {
  return new Response(text, OK);
}

/** A response with JSON in chunks, which are made as fast as the client reads. */
export function chunkedJson(chunks: Iterable<Uint8Array>): Response {
  return new Response(ReadableStream.from(chunks), OK);
}

/** The bytes of a text, in chunks. Each is made when it is sent. */
export function* textChunks(text: string, chunkLength: number): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (let at = 0; at < text.length;) {
    const end = at + chunkLength;
    const chunk = text.slice(at, isHighSurrogate(text.charCodeAt(end - 1)) ? end + 1 : end);
    yield encoder.encode(chunk);
    at += chunk.length;
  }
}

/** True for the first half of a character of two code units. */
function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00;
}

/** The bytes of a JSON array, in chunks. */
export function* arrayChunks(
  items: readonly WithText[],
  chunkLength: number,
): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let chunk = "[";
  for (const [i, { text }] of items.entries()) {
    chunk += i === 0 ? text : `,${text}`;
    if (chunk.length < chunkLength) continue;
    yield encoder.encode(chunk);
    chunk = "";
  }
  yield encoder.encode(`${chunk}]`);
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
      chunks ??= textChunks(await text, CHUNK_LENGTH);
      const { value, done } = chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: onCancel,
  }, { highWaterMark: 0 });
  return new Response(body, OK);
}

/** The response to a rejected request. */
export function errorResponse({ status, message, headers }: HttpError): Response {
  const text = JSON.stringify({ error: message });
  return new Response(text, { status, headers: { ...HEADERS, ...headers } });
}
