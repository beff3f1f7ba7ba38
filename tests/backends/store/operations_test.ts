// The operations of the store as their transports write them: the wire formats, byte for byte.

import assert from "node:assert/strict";
import { requestOf } from "../../../backends/http/client/requests.ts";
import { ROUTES } from "../../../backends/http/server/routes.ts";
import { decodeRecord, encodeOperation } from "../../../backends/messaging/shm/operation.ts";
import type { Arguments, ArgumentValues } from "../../../backends/store/arguments.ts";
import type { Operation } from "../../../backends/store/operation.ts";
import { ALL_OPERATIONS, OPERATIONS } from "../../../backends/store/operations.ts";
import { valueFrom } from "../../../backends/store/value.ts";
import { lineOf } from "../../../backends/tcp/client/requests.ts";
import { COMMANDS } from "../../../backends/tcp/server/commands.ts";

const MESSAGE = '{"id":1}';
const CONTEXT = { member: { name: "m", isolate: -5n }, expiresAtMs: (seconds: number) => seconds };

/** What a call is on each transport that offers it. */
interface Wire {
  http?: string;
  line?: string;
  record?: string;
}

function wireOf<A extends Arguments>(operation: Operation<A>, values: ArgumentValues<A>): Wire {
  const wire: Wire = {};
  if (operation.http !== undefined) {
    const id = operation.subscriber && "s";
    const { method, path, body = "" } = requestOf(operation, values, id);
    wire.http = `${method} ${path} ${body}`.trimEnd();
  }
  if (operation.line !== undefined) wire.line = lineOf(operation, values);
  if (operation.isJournaled) {
    wire.record = new TextDecoder().decode(encodeOperation(operation, values, CONTEXT));
  }
  return wire;
}

const [topic, namespace, key, field] = ["a b", "n", "k/1", "f"];
const none = { since_id: undefined, limit: undefined };

const CALLS: readonly [Wire, Wire][] = [
  [wireOf(OPERATIONS.store, { namespace, topic, message: MESSAGE, ttl: 1.5 }), {
    http: 'POST /store_message {"namespace":"n","topic":"a b","message":{"id":1},"ttl":1.5}',
    line: 'STORE_MESSAGE n "a b" JSON:eyJpZCI6MX0= 1.5',
    record: '["store","n","a b",1.5]\n{"id":1}',
  }],
  [wireOf(OPERATIONS.store, { namespace, topic, message: MESSAGE, ttl: undefined }), {
    http: 'POST /store_message {"namespace":"n","topic":"a b","message":{"id":1},"ttl":null}',
    line: 'STORE_MESSAGE n "a b" JSON:eyJpZCI6MX0=',
    record: '["store","n","a b",null]\n{"id":1}',
  }],
  [wireOf(OPERATIONS.messages, { topic, ...none }), {
    http: "GET /messages/a%20b",
    line: 'GET_MESSAGES "a b"',
  }],
  [wireOf(OPERATIONS.messagesSinceId, { topic, id: 2n ** 64n - 1n }), {
    line: 'GET_MESSAGES_SINCE "a b" 18446744073709551615',
  }],
  [wireOf(OPERATIONS.messagesSince, { topic, timestamp: 1.5, since_id: 7n, limit: 1 }), {
    http: "GET /messages_since/a%20b/1.5?since_id=7&limit=1",
  }],
  [
    wireOf(OPERATIONS.messagesSince, { topic: "..", timestamp: 1, since_id: 7n, limit: undefined }),
    {
      http: "GET /messages_since?topic=..&timestamp=1&since_id=7",
    },
  ],
  [wireOf(OPERATIONS.messagesById, { namespace, ids: [1n, 2n] }), {
    http: "GET /messages_by_id/?namespace=n&ids=1&ids=2",
    line: "GET_MESSAGES_BY_ID n JSON:WzEsMl0=",
  }],
  [wireOf(OPERATIONS.deleteMessages, { namespace, ids: [1n] }), {
    http: "DELETE /messages_by_id/?namespace=n&ids=1",
  }],
  [wireOf(OPERATIONS.deleteTopic, { topic }), { http: "DELETE /messages/a%20b" }],
  [wireOf(OPERATIONS.topics, {}), { http: "GET /topics", line: "TOPICS" }],
  [wireOf(OPERATIONS.keys, { pattern: "k*", limit: 2 }), {
    http: "GET /list_keys/?pattern=k*&limit=2",
  }],
  [wireOf(OPERATIONS.keys, { pattern: undefined, limit: undefined }), { http: "GET /list_keys" }],
  [wireOf(OPERATIONS.subscribe, { topic }), {
    http: 'POST /subscribe {"topic":"a b","subscriber_id":"s"}',
    line: 'SUBSCRIBE "a b"',
    record: '["subscribe","m","-5","a b"]\n',
  }],
  [wireOf(OPERATIONS.unsubscribe, { topic }), {
    http: 'POST /unsubscribe {"topic":"a b","subscriber_id":"s"}',
    line: 'UNSUBSCRIBE "a b"',
    record: '["unsubscribe","m","a b"]\n',
  }],
  [wireOf(OPERATIONS.psubscribe, { pattern: "a*" }), {
    http: 'POST /psubscribe {"pattern":"a*","subscriber_id":"s"}',
    line: "PSUBSCRIBE a*",
    record: '["psubscribe","m","-5","a*"]\n',
  }],
  [wireOf(OPERATIONS.punsubscribe, { pattern: "a*" }), {
    http: 'POST /punsubscribe {"pattern":"a*","subscriber_id":"s"}',
    line: "PUNSUBSCRIBE a*",
    record: '["punsubscribe","m","a*"]\n',
  }],
  [wireOf(OPERATIONS.publish, { channel: topic, message: valueFrom({ n: 2n ** 64n }) }), {
    http: 'POST /publish {"channel":"a b","message":{"n":18446744073709551616}}',
    line: 'PUBLISH "a b" JSON:eyJuIjoxODQ0Njc0NDA3MzcwOTU1MTYxNn0=',
    record: '["publish","a b",null]\n{"n":18446744073709551616}',
  }],
  [wireOf(OPERATIONS.set, { key, value: "x", ex: 2 }), {
    http: 'POST /set {"key":"k/1","value":"x","ex":2}',
    line: "SET k/1 x 2",
    record: '["set","k/1",2]\n"x"',
  }],
  [wireOf(OPERATIONS.get, { key }), { http: "GET /get/k%2F1", line: "GET k/1" }],
  [wireOf(OPERATIONS.hset, { key, field, value: valueFrom(null) }), {
    http: 'POST /hset {"key":"k/1","field":"f","value":null}',
    line: "HSET k/1 f JSON:bnVsbA==",
    record: '["hset","k/1","f"]\nnull',
  }],
  [wireOf(OPERATIONS.hget, { key, field }), {
    http: "GET /hget/k%2F1/f",
    line: "HGET k/1 f",
  }],
  [wireOf(OPERATIONS.hgetall, { key }), { http: "GET /hgetall/k%2F1", line: "HGETALL k/1" }],
  [wireOf(OPERATIONS.sadd, { key, members: ["x", valueFrom(1)] }), {
    http: 'POST /sadd {"key":"k/1","members":["x",1]}',
    line: "SADD k/1 JSON:WyJ4IiwxXQ==",
    record: '["sadd","k/1"]\n["\\"x\\"","1"]',
  }],
  [wireOf(OPERATIONS.srem, { key, members: ["x"] }), {
    http: 'POST /srem {"key":"k/1","members":["x"]}',
    line: "SREM k/1 JSON:WyJ4Il0=",
  }],
  [wireOf(OPERATIONS.smembers, { key }), {
    http: "GET /smembers/k%2F1",
    line: "SMEMBERS k/1",
  }],
  [wireOf(OPERATIONS.expire, { key, ttl: 2 }), {
    http: 'POST /expire {"key":"k/1","ttl":2}',
    line: "EXPIRE k/1 2",
  }],
  [wireOf(OPERATIONS.ttl, { key }), { http: "GET /ttl/k%2F1", line: "TTL k/1" }],
  [wireOf(OPERATIONS.deleteKey, { key }), { http: "DELETE /keys/k%2F1", line: "DEL k/1" }],
];

Deno.test("operations: their requests, lines and records, byte for byte", () => {
  for (const [wire, expected] of CALLS) assert.deepEqual(wire, expected);
});

Deno.test("operations: each is offered where its declaration says", () => {
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    assert.equal(operation.name, name);
  }
  for (const { http, line } of ALL_OPERATIONS) {
    assert.ok(http ?? line);
    const route = ROUTES.find(({ method, path }) => method === http?.method && path === http.path);
    assert.equal(route !== undefined, http !== undefined);
    const command = COMMANDS.find(({ name }) => name === line?.command);
    assert.equal(command !== undefined, line !== undefined);
  }
});

Deno.test("operations: a record is read as it was written", () => {
  const operation: Operation = OPERATIONS.psubscribe;
  assert.deepEqual(decodeRecord(encodeOperation(operation, { pattern: "p" }, CONTEXT)), {
    operation,
    member: "m",
    isolate: -5n,
    expiresAtMs: null,
    headers: undefined,
    names: { pattern: "p" },
    text: "",
  });
});
