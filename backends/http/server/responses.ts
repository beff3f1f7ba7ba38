/**
 * Responses: JSON with the headers that all of them have.
 *
 * @module
 */

import type { HttpError } from "./errors.ts";

/** Value of the header `server`, by which clients know what rules the server keeps. */
export const SERVER_NAME = "ringbus";

/** Characters of text that are put into one chunk, about. */
const CHUNK_LENGTH = 65_536;

const HEADERS = { "content-type": "application/json", "server": SERVER_NAME };
const OK: ResponseInit = { headers: HEADERS };

/** What the handler of a route returns: JSON text, or a response of its own. */
export type RouteResponse = string | Response | Promise<Response>;

/** A successful answer. */
export function json(text: string): Response {
  return new Response(text, OK);
}

/** A successful answer that is no JSON. */
export function textResponse(mediaType: string, text: string): Response {
  return new Response(text, {
    headers: { "content-type": mediaType, "cache-control": "no-store", "server": SERVER_NAME },
  });
}

/**
 * An answer whose text comes later: how to hear of a client that goes while it waits.
 *
 * (`request.signal` tells that as well, at the price of a warning of Deno's for each answer.)
 */
export function deferredJson(text: Promise<string>, onCancel: () => void): Response {
  const body = new ReadableStream({
    async pull(controller) {
      controller.enqueue(new TextEncoder().encode(await text));
      controller.close();
    },
    cancel: onCancel,
  }, { highWaterMark: 0 });
  return new Response(body, OK);
}

/** An array of JSON texts; a large one is sent in pieces, as the client takes them. */
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

/** An answer to a request that is refused. */
export function errorResponse({ status, message, headers }: HttpError): Response {
  const text = JSON.stringify({ error: message });
  return new Response(text, { status, headers: { ...HEADERS, ...headers } });
}
