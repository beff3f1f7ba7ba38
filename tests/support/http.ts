/**
 * An HTTP server of a test, and calls to it in the words of the protocol.
 *
 * @module
 */

import { SharedMemoryServer, type SharedMemoryServerOptions } from "../../backends/http/mod.ts";

/** The header of a body with JSON, without which the server rejects a body. */
export const JSON_TYPE = { "content-type": "application/json" };

/** The response to a call. */
export interface HttpResponse {
  status: number;
  headers: Headers;
  text: string;
  /** The JSON in it. */
  // deno-lint-ignore no-explicit-any
  json: any;
}

/** A running server, and calls to it. */
export interface HttpScene extends AsyncDisposable {
  readonly server: SharedMemoryServer;
  readonly url: string;
  readonly port: number;
  /** A body makes it a POST, unless the method says otherwise. */
  call(path: string, body?: unknown, init?: RequestInit): Promise<HttpResponse>;
  /** Stores a message with this id and content. */
  store(topic: string, id: bigint, content?: string): Promise<HttpResponse>;
}

/** Starts a server. */
export async function serveHttp(options: SharedMemoryServerOptions = {}): Promise<HttpScene> {
  const server = new SharedMemoryServer(options);
  const url = await server.start();
  const call: HttpScene["call"] = async (path, body, init = {}) => {
    const content = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const method = content === undefined ? "GET" : "POST";
    const headers = { ...JSON_TYPE, ...init.headers };
    const response = await fetch(url + path, { method, body: content ?? null, ...init, headers });
    const text = await response.text();
    const isJson = response.headers.get("content-type") === "application/json";
    const { status } = response;
    return { status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  };
  return {
    server,
    url,
    port: Number(new URL(url).port),
    call,
    store: (topic, id, content = "{}") =>
      call(
        "/store_message",
        `{"namespace":"n","topic":${
          JSON.stringify(topic)
        },"message":{"id":${id},"payload":${content}}}`,
      ),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/**
 * Sends bytes over a new connection, and returns the response: up to a text, or until the server closes
 * the connection or the time is over.
 */
export async function sendRaw(
  port: number,
  text: string,
  { timeoutMs = 30_000, until }: { timeoutMs?: number; until?: string } = {},
): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  let isOpen = true;
  const close = () => {
    if (isOpen) connection.close();
    isOpen = false;
  };
  const timer = setTimeout(close, timeoutMs);
  // A server need not read the rest of a request that it rejects.
  const writing = writeAll(connection, new TextEncoder().encode(text)).catch(() => {});
  const response = await readAll(connection, until);
  clearTimeout(timer);
  close();
  await writing;
  return response;
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

async function readAll(connection: Deno.Conn, until?: string): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let text = "";
  try {
    for (let count; (count = await connection.read(buffer)) !== null;) {
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
      if (until !== undefined && text.includes(until)) break;
    }
  } catch {
    // It was closed, here or there.
  }
  return text;
}
