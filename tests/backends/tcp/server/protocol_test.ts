// The line protocol, as a client sees it that knows nothing of us.

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseJson, Store } from "../../../../mod.ts";
import { LineReader } from "../../../../backends/tcp/protocol/line_reader.ts";
import { talk } from "../../../support/line_session.ts";
import { assertProperty } from "../../../support/property.ts";
import { withServer } from "../../../support/tcp_server.ts";

function encode(text: string): string {
  return "JSON:" + new TextEncoder().encode(text).toBase64();
}

function decode(argument: string): unknown {
  assert.ok(argument.startsWith("JSON:"), argument);
  return parseJson(new TextDecoder().decode(Uint8Array.fromBase64(argument.slice(5))));
}

const EARLY = 9737962806006804483n;
const LATER = EARLY + (1n << 22n);

Deno.test("tcp: every command replies as the protocol specifies", async () => {
  await withServer({}, async (_server, connect) => {
    const client = await connect();
    const other = await connect();
    assert.equal(await client.request("PING"), "PONG");
    assert.equal(await client.request("AUTH whatever"), "OK AUTHENTICATED");
    assert.equal(await client.request("PUBLISH t hello"), "OK 0");
    assert.equal(await client.request("SUBSCRIBE t"), "OK SUBSCRIBED t");
    assert.equal(await client.request('SUBSCRIBE "two words"'), 'OK SUBSCRIBED "two words"');
    assert.equal(await other.request("PSUBSCRIBE tt*"), "OK PSUBSCRIBED tt*");
    const message = (id: bigint) => encode(`{"id":${id}}`);
    for (const id of [LATER, EARLY]) {
      assert.equal(await other.request(`STORE_MESSAGE n u ${message(id)}`), "OK STORED");
    }
    assert.equal(await other.request(`PUBLISH "two words" plain`), "OK 1");
    assert.equal(await client.line(), 'MESSAGE "two words" plain');
    const asked = [
      `GET_MESSAGES u`,
      `GET_MESSAGES_SINCE u ${EARLY}`,
      `GET_MESSAGES_BY_ID n ${encode(`[${LATER},1,${EARLY}]`)}`,
      `GET_MESSAGES_BY_ID m ${encode(`[${LATER}]`)}`,
    ];
    const ids = [];
    for (const line of asked) {
      const [word, list] = (await client.request(line))!.split(" ");
      assert.equal(word, "MESSAGES");
      ids.push((decode(list) as { id: bigint }[]).map(({ id }) => id));
    }
    assert.deepEqual(ids, [[EARLY, LATER], [LATER], [LATER, EARLY], []]);
    assert.equal(await client.request("UNSUBSCRIBE t"), "OK UNSUBSCRIBED t");
    assert.equal(await other.request("PUNSUBSCRIBE tt*"), "OK PUNSUBSCRIBED tt*");
    assert.equal(await other.request("PUBLISH t none"), "OK 0");
    const [word, stats] = (await client.request("STATS"))!.split(" ");
    assert.equal(word, "STATS");
    assert.equal((decode(stats) as { messages: number }).messages, 2);
  });
});

Deno.test("tcp: keys with strings, hashes and sets are those of the other protocols", async () => {
  let nowMs = 0;
  await withServer({ clock: () => nowMs }, async (server, connect) => {
    const client = await connect();
    const dialogue: [string, string][] = [
      ["SET k v", "OK SET"],
      ["GET k", "VALUE v"],
      ["GET none", "NULL"],
      ['SET k "a b" 5', "OK SET"],
      ["GET k", 'VALUE "a b"'],
      ["TTL k", "OK 5"],
      ["SET n JSON:NDI=", "OK SET"],
      ["GET n", "VALUE JSON:NDI="],
      ["HSET h f x", "OK SET"],
      ["HGET h f", "VALUE x"],
      ["HGETALL h", `FIELDS JSON:${btoa('{"f":"x"}')}`],
      ["HGETALL none", `FIELDS JSON:${btoa("{}")}`],
      [`SADD s JSON:${btoa('["a","b",1]')}`, "OK 3"],
      ["SADD s a", "OK 0"],
      ["SREM s b", "OK 1"],
      ["SMEMBERS s", `VALUES JSON:${btoa('["a",1]')}`],
      ["EXPIRE s 10", "OK 1"],
      ["EXPIRE none 10", "OK 0"],
      ["DEL k", "OK 1"],
      ["DEL k", "OK 0"],
      ["TTL k", "OK -2"],
      ["TTL n", "OK -1"],
    ];
    for (const [line, reply] of dialogue) assert.equal(await client.request(line), reply, line);
    assert.match((await client.request("GET s"))!, /^ERROR ".*holds a set/);
    assert.deepEqual(server.store.hashes.all("h"), [["f", "x"]]);
    nowMs = 10_000;
    assert.equal(await client.request("TTL s"), "OK -2");
  });
});

Deno.test("tcp: what is stored and published is pushed to topics and patterns", async () => {
  await withServer({}, async (_server, connect) => {
    const [byTopic, byPattern, writer] = [await connect(), await connect(), await connect()];
    await byTopic.request("SUBSCRIBE news.de");
    await byPattern.request('PSUBSCRIBE "news.* *"');
    await byPattern.request("PSUBSCRIBE news.??");
    const text = `{"id":${EARLY},"payload":{"a":"ü"}}`;
    await writer.request(`STORE_MESSAGE n news.de ${encode(text)}`);
    assert.equal(await byTopic.line(), `MESSAGE news.de ${encode(text)}`);
    assert.equal(await byPattern.line(), `PMESSAGE news.?? news.de ${encode(text)}`);
    const published = [
      ['"with space"', '"with space"'],
      [encode('a "quote"'), encode('"a \\"quote\\""')],
      [encode('"text"'), "text"],
      [encode("{}"), encode("{}")],
      [encode("12345678901234567890"), encode("12345678901234567890")],
      ["12", "12"],
      ['""', '""'],
    ];
    for (const [sent, received] of published) {
      assert.equal(await writer.request(`PUBLISH news.de ${sent}`), "OK 2");
      assert.equal(await byTopic.line(), `MESSAGE news.de ${received}`);
      assert.equal(await byPattern.line(), `PMESSAGE news.?? news.de ${received}`);
    }
    await writer.request('PUBLISH "news.de now" x');
    assert.equal(await byPattern.line(), 'PMESSAGE "news.* *" "news.de now" x');
  });
});

Deno.test("tcp: lines may end in LF or CRLF, and words be in small letters", async () => {
  await withServer({}, async (_server, connect) => {
    const client = await connect();
    await client.send('ping\nPiNg\r\n  subscribe   "a"  \npublish a b\r\n');
    assert.deepEqual(await client.lines(5), [
      "PONG",
      "PONG",
      "OK SUBSCRIBED a",
      "OK 1",
      "MESSAGE a b",
    ]);
  });
});

const MALFORMED = [
  "",
  " ",
  "NONSENSE",
  "constructor",
  "x".repeat(5000),
  '"PING"',
  "PING now",
  "SUBSCRIBE",
  "SUBSCRIBE a b",
  'SUBSCRIBE "a',
  'SUBSCRIBE "a"b',
  "SUBSCRIBE a\u0001b",
  `SUBSCRIBE ${"x".repeat(2000)}`,
  "SUBSCRIBE JSON:****",
  "SUBSCRIBE JSON:/w==",
  "PSUBSCRIBE " + "*a".repeat(500),
  "STORE_MESSAGE n t",
  "STORE_MESSAGE n t {}",
  'STORE_MESSAGE n t "no JSON"',
  "STORE_MESSAGE n t JSON:",
  `STORE_MESSAGE n t ${encode("{")}`,
  `STORE_MESSAGE n t ${encode("[]")}`,
  `STORE_MESSAGE n t ${encode('{"id":-1}')}`,
  `STORE_MESSAGE n t ${encode('{"id":18446744073709551616}')}`,
  `STORE_MESSAGE n t ${encode('{"id":1,"ttl":"0"}')}`,
  `STORE_MESSAGE n t ${encode('{"id":1}')} NaN`,
  `STORE_MESSAGE n t ${encode('{"id":1}')} soon`,
  `STORE_MESSAGE n t ${encode('{"id":1,"a":' + "[".repeat(600) + "]".repeat(600) + "}")}`,
  `STORE_MESSAGE n t ${encode("[".repeat(200_000))}`,
  "GET_MESSAGES_SINCE t now",
  "GET_MESSAGES_SINCE t -1",
  "GET_MESSAGES_SINCE t 18446744073709551616",
  `GET_MESSAGES_BY_ID n ${encode("{}")}`,
  `GET_MESSAGES_BY_ID n ${encode("[1.5]")}`,
  `GET_MESSAGES_BY_ID n ${encode('["1"]')}`,
  "GET_MESSAGES_BY_ID n [",
];

Deno.test("tcp: a malformed line gets an error, and the connection stays up", async () => {
  const store = new Store();
  await withServer({ store }, async (server, connect) => {
    const client = await connect();
    assert.equal(await client.request("PING"), "PONG");
    for (const line of MALFORMED) {
      const reply = await client.request(line);
      assert.match(reply!, /^ERROR "[^"]+"$/, line.slice(0, 60));
      assert.ok(reply!.length < 400, reply);
    }
    await client.send(new Uint8Array([0x50, 0xff, 0xfe, 10, 0x50, 0x49, 0x4e, 0x47, 10]));
    assert.match((await client.line())!, /^ERROR "/);
    assert.equal(await client.line(), "PONG");
    assert.equal(server.getStats().errors, MALFORMED.length + 1);
    assert.deepEqual([store.stats().messages, store.stats().subscriptions], [0, 0]);
  });
});

Deno.test("tcp: one bad line among good ones spoils none of them", () => {
  const bad = [0x53, 0xc3, 0x28, 10];
  const ping = [...new TextEncoder().encode("PING\r\n")];
  const replies = talk([new Uint8Array([...ping, ...bad, ...ping, ...bad, ...bad, ...ping])]);
  assert.deepEqual(replies.map((line) => line.slice(0, 5)), [
    "PONG",
    "ERROR",
    "PONG",
    "ERROR",
    "ERROR",
    "PONG",
  ]);
});

Deno.test("tcp: a line beyond the limit gets an error and takes no memory", async () => {
  await withServer({ maxLineBytes: 100_000 }, async (_server, connect) => {
    const client = await connect();
    const fits = `PUBLISH t ${"x".repeat(100_000 - 12)}\r\n`;
    await client.send(fits + "x" + fits + "PING\r\n");
    assert.equal(await client.line(), "OK 0");
    assert.match((await client.line())!, /^ERROR "a line has at most 100000 bytes"$/);
    assert.equal(await client.line(), "PONG");
  });
  const reader = new LineReader(100_000);
  let largest = 0;
  for (let i = 0; i < 1000; i++) {
    const space = reader.space();
    space.fill(0x78);
    reader.filled(space.length);
    assert.equal(reader.take(), undefined);
    largest = Math.max(largest, space.byteOffset + space.length);
  }
  assert.ok(largest <= 400_000, `${largest}`);
});

Deno.test("tcp: a line of 16 MB passes by default, and a longer one does not", async () => {
  await withServer({}, async (_server, connect) => {
    const client = await connect();
    const argument = "x".repeat(2 ** 24 - "PUBLISH t \r\n".length);
    assert.equal(await client.request(`PUBLISH t ${argument}`), "OK 0");
    assert.match((await client.request(`PUBLISH t ${argument}x`))!, /^ERROR "a line has at most/);
    assert.equal(await client.request("PING"), "PONG");
  });
});

Deno.test("tcp: how the bytes of a dialogue are cut changes nothing", () => {
  const dialogue = new TextEncoder().encode(
    [
      "PING",
      'SUBSCRIBE "zwei Wörter"',
      'PUBLISH "zwei Wörter" 😀',
      "",
      `STORE_MESSAGE n t ${encode(`{"id":${EARLY},"payload":{"text":"é"}}`)}`,
      `PUBLISH t ${"x".repeat(3000)}`,
      "x".repeat(6000),
      "GET_MESSAGES t",
      "PING",
    ].map((line, i) => line + (i % 2 === 0 ? "\r\n" : "\n")).join(""),
  );
  const whole = talk([dialogue], { maxLineBytes: 5000 });
  assert.equal(whole.length, 10);
  assertProperty(
    fc.property(fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1 }), (sizes) => {
      const chunks = [];
      for (let at = 0, i = 0; at < dialogue.length; i++) {
        const size = sizes[i % sizes.length];
        chunks.push(dialogue.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(talk(chunks, { maxLineBytes: 5000 }), whole);
    }),
    { numRuns: 300 },
  );
});

Deno.test("tcp: with a token, only PING succeeds before AUTH", async () => {
  await withServer({ token: 'a"long"token' }, async (server, connect) => {
    const client = await connect();
    assert.equal(await client.request("PING"), "PONG");
    const rejected = ["GET_MESSAGES t", "SUBSCRIBE t", "PUBLISH t x", "STATS", "x".repeat(5000)];
    for (const line of rejected) assert.match((await client.request(line))!, /^ERROR "/);
    assert.equal(server.getStats().subscriptions, 0);
    for (const token of ["wrong", encode('a"long"toke'), '""']) {
      assert.equal(await client.request(`AUTH ${token}`), 'ERROR "wrong token"');
    }
    assert.equal(await client.request("STATS"), 'ERROR "send AUTH with the token first"');
    assert.equal(await client.request(`AUTH ${encode('a"long"token')}`), "OK AUTHENTICATED");
    assert.equal(await client.request(`PUBLISH t ${"x".repeat(5000)}`), "OK 0");
    assert.match((await (await connect()).request("STATS"))!, /^ERROR/);
  });
});

Deno.test("tcp: an unauthenticated client gets no memory for a long line", async () => {
  await withServer({ token: "t" }, async (_server, connect) => {
    const client = await connect();
    assert.equal(await client.request("PING"), "PONG");
    assert.equal(
      await client.request(`AUTH ${"x".repeat(5000)}`),
      'ERROR "a line has at most 4096 bytes"',
    );
    assert.equal(await client.request("AUTH t"), "OK AUTHENTICATED");
  });
});

Deno.test("tcp: what a web page has a browser send is not carried out", async () => {
  await withServer({}, async (server, connect) => {
    const client = await connect();
    await client.send(
      "POST / HTTP/1.1\r\nHost: localhost:31134\r\nOrigin: https://evil.example\r\n\r\nPUBLISH t x\r\n",
    );
    const replies = await client.ended();
    assert.deepEqual(replies, ["ERROR \"unknown command 'POST'\""]);
    assert.equal(server.getStats().published, 0);
  });
});

/** What a browser or another program sends first, and then what it would have carried out. */
const FOREIGN_BEGINNINGS = [
  "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
  `GET /${"x".repeat(10_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  `PUBLISH /${"x".repeat(10_000)} HTTP/1.1\r\n`,
  "PUBLISH /t HTTP/1.1\r\nHost: localhost:31134\r\n\r\n",
  "publish / HTTP/1.1\r\n",
  "\r\nPOST / HTTP/1.1\r\n",
  "\u0016\u0003\u0001 a TLS handshake\r\n",
  "\u0000\u0001\u0000\u0000!\u0012\r\n",
  "NONSENSE\r\n",
  `${"x".repeat(10_000)}\r\n`,
];

Deno.test("tcp: a connection whose first line is no command is closed", async () => {
  await withServer({ maxLineBytes: 4096 }, async (server, connect) => {
    for (const beginning of FOREIGN_BEGINNINGS) {
      for (const cut of [beginning.length, 3, 70]) {
        const client = await connect();
        await client.send(beginning.slice(0, cut));
        await client.send(`${beginning.slice(cut)}PUBLISH t x\r\n`).catch(() => {});
        const replies = await client.ended();
        const about = beginning.slice(0, 40);
        assert.ok(replies.every((reply) => /^ERROR "/.test(reply)), `${about}: ${replies}`);
      }
    }
    await using silent = await connect();
    await silent.send(`POST /${"x".repeat(100)}`);
    assert.deepEqual(await silent.ended(), ["ERROR \"unknown command 'POST'\""]);
    assert.equal(server.getStats().published, 0);
    assert.deepEqual(server.getStats().commands["PUBLISH"], 0);
  });
});

Deno.test("tcp: a reply of messages is bounded, however often it is requested", async () => {
  await withServer({ maxReplyBytes: 100_000 }, async (_server, connect) => {
    const client = await connect();
    await client.request(
      `STORE_MESSAGE n t ${encode(`{"id":1,"payload":{"x":"${"x".repeat(10_000)}"}}`)}`,
    );
    const ids = Array(100_000).fill(1);
    assert.match(
      (await client.request(`GET_MESSAGES_BY_ID n ${encode(JSON.stringify(ids))}`))!,
      /^ERROR "the reply would have \d+ bytes/,
    );
    const [, list] = (await client.request(`GET_MESSAGES_BY_ID n ${encode("[1,1,1]")}`))!.split(
      " ",
    );
    assert.equal((decode(list) as unknown[]).length, 3);
  });
});
