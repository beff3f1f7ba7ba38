/**
 * Malformed requests: those of the protocol, mutated with a seeded generator.
 *
 * @module
 */

import type { Random } from "./random.ts";

/** A request before it is sent. */
export interface RawRequest {
  method: string;
  target: string;
  headers: [string, string][];
  body: string;
}

const MESSAGE = '{"id":9737962806006804483,"payload":{"a":[1,{"b":null}]},"topics":"t","ttl":1}';
const POSTS: Record<string, string> = {
  "/store_message": `{"namespace":"n","topic":"t","message":${MESSAGE},"ttl":5}`,
  "/subscribe": '{"topic":"t","subscriber_id":"s"}',
  "/unsubscribe": '{"topic":"t","subscriber_id":"s"}',
  "/psubscribe": '{"pattern":"a*[b-d]?\\\\*","subscriber_id":"s"}',
  "/punsubscribe": '{"pattern":"a*","subscriber_id":"s"}',
  "/publish": '{"channel":"t","message":{"a":"x"}}',
  "/set": '{"key":"k","value":"v","ex":1}',
  "/hset": '{"key":"h","field":"f","value":[1.5]}',
  "/srem": '{"key":"z","members":["a",1]}',
  "/expire": '{"key":"k","ttl":60}',
  "/sadd": '{"key":"z","members":["a","b",1]}',
};
const GETS = [
  "/messages/t?since_id=5&limit=3",
  "/messages_since/t/1700000000000.5",
  "/messages_by_id/?namespace=n&ids=9737962806006804483&ids=7",
  "/poll?subscriber_id=s&timeout=0.001",
  "/events?topic=t&pattern=a*",
  "/get/k",
  "/hget/h/f",
  "/hget/k/f",
  "/hgetall/h",
  "/ttl/k",
  "/smembers/z",
  "/smembers/k",
  "/topics",
  "/list_keys",
  "/health",
  "/stats",
  "/openapi.json",
  "/?token=x",
];
const DELETES = ["/messages/t", "/messages_by_id?namespace=n&ids=5", "/keys/k", "/subscribers/s"];

/** What is put into the midst of things. */
const TOKENS = [
  "\0",
  "\r\n",
  "\n\n",
  '"',
  "\\",
  "\\u0000",
  "\\ud800",
  "{",
  "}",
  "[[[[[[[[",
  "]",
  ",",
  ":",
  "%",
  "%00",
  "%ff",
  "%2e%2e/",
  "../",
  "//",
  "?",
  "&",
  "=",
  "#",
  " ",
  "ü",
  "😀",
  "null",
  "true",
  "-1",
  "0",
  "1e999",
  "-0",
  "18446744073709551616",
  "9".repeat(400),
  "*".repeat(300),
  "a".repeat(2000),
  "__proto__",
  '{"__proto__":1}',
  "constructor",
  "NaN",
  "[".repeat(600),
];

function protocolRequest(random: Random): RawRequest {
  const kind = random.below(4);
  if (kind === 0) return { method: "GET", target: random.pick(GETS), headers: [], body: "" };
  if (kind === 1) return { method: "DELETE", target: random.pick(DELETES), headers: [], body: "" };
  const [target, body] = random.pick(Object.entries(POSTS));
  return { method: "POST", target, headers: [["content-type", "application/json"]], body };
}

function mangle(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const to = Math.min(text.length, at + 1 + random.below(8));
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(to);
    case 2:
      return text.slice(0, to) + text.slice(at);
    case 3:
      return text.slice(0, at) + String.fromCharCode(random.below(300)) + text.slice(to);
    default:
      return text.slice(0, at) + random.pick(TOKENS) + text.slice(at);
  }
}

const HEADERS: [string, string][] = [
  ["origin", "http://evil.example"],
  ["origin", "null"],
  ["content-type", "text/plain"],
  ["authorization", "Bearer \u00ff"],
  ["cookie", "ringbus=x; ringbus=y"],
  ["last-event-id", "x"],
  ["last-event-id", "5"],
  ["accept-encoding", "gzip"],
];

/** The next request; about one in ten is left as it was. */
export function hostileRequest(random: Random): RawRequest {
  const request = protocolRequest(random);
  for (let times = random.below(10) === 0 ? 0 : 1 + random.below(3); times > 0; times--) {
    const kind = random.below(8);
    if (kind < 5 && request.body !== "") request.body = mangle(request.body, random);
    else if (kind < 6) request.target = `/${mangle(request.target.slice(1), random)}`;
    else if (kind === 6) request.method = random.pick(["GET", "POST", "PUT", "DELETE", "HEAD"]);
    else request.headers.push(random.pick(HEADERS));
  }
  return request;
}

/** The bytes of a request, which may themselves be mangled: torn lines, lengths that lie, no end. */
export function hostileBytes(random: Random): string {
  const { method, target, headers, body } = hostileRequest(random);
  const length = random.below(10) === 0 ? random.below(100_000) : body.length;
  const lines = [
    `${method} ${target} HTTP/1.1`,
    "host: localhost",
    "connection: close",
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...body === "" ? [] : [`content-length: ${length}`],
  ];
  const text = `${lines.join("\r\n")}\r\n\r\n${body}`;
  return random.below(2) === 0 ? text : mangle(text, random);
}
