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

/** A successful answer. */
export function json(text: string): Response {
  return new Response(text, OK);
}

/** A successful answer that is no JSON. */
export function textOf(mediaType: string, text: string): Response {
  return new Response(text, {
    headers: { "content-type": mediaType, "cache-control": "no-store", "server": SERVER_NAME },
  });
}

/**
 * An answer whose text comes later: how to hear of a client that goes while it waits.
 *
 * (`request.signal` tells that as well, at the price of a warning of Deno's for each answer.)
 */
export function jsonLater(text: Promise<string>, onGone: () => void): Response {
  const body = new ReadableStream({
    async pull(controller) {
      controller.enqueue(new TextEncoder().encode(await text));
      controller.close();
    },
    cancel: onGone,
  }, { highWaterMark: 0 });
  return new Response(body, OK);
}

/** An array of JSON texts; a large one is sent in pieces, as the client takes them. */
export function jsonArray(items: readonly string[]): Response {
  let length = 0;
  for (const item of items) length += item.length;
  if (length <= CHUNK_LENGTH) return json(`[${items.join(",")}]`);
  return new Response(ReadableStream.from(arrayPieces(items)), OK);
}

function* arrayPieces(items: readonly string[]): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let piece = "[";
  for (const [i, item] of items.entries()) {
    piece += i === 0 ? item : `,${item}`;
    if (piece.length < CHUNK_LENGTH) continue;
    yield encoder.encode(piece);
    piece = "";
  }
  yield encoder.encode(`${piece}]`);
}

/** An answer to a request that is refused. */
export function refusal({ status, message, headers }: HttpError): Response {
  const text = JSON.stringify({ error: message });
  return new Response(text, { status, headers: { ...HEADERS, ...headers } });
}
