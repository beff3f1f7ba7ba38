// `ringbus serve` in a process of its own, with clients of every kind.

import assert from "node:assert/strict";
import { createClient } from "@redis/client";
import { checkHost, urlOf } from "../../backends/hosting/endpoint.ts";
import { EXIT } from "../../cli/command.ts";
import { inShell } from "../support/command_line.ts";
import { LineClient } from "../support/line_client.ts";
import { runPython } from "../support/python.ts";
import { JSON_TYPE } from "../support/http.ts";
import { SERVE, type ServerAddresses, untilServing } from "../support/serve.ts";

const message = (id: number) => `{"id":${id},"payload":{"n":${id}}}`;

async function storeOverHttp(
  { httpUrl }: ServerAddresses,
  topic: string,
  id: number,
): Promise<number> {
  const body = `{"namespace":"n","topic":"${topic}","message":${message(id)}}`;
  const response = await fetch(`${httpUrl}/store_message`, {
    method: "POST",
    headers: JSON_TYPE,
    body,
  });
  await response.body?.cancel();
  return response.status;
}

Deno.test("ringbus serve: TCP shows what was stored over HTTP, and the reverse", () =>
  inShell(async ({ start }) => {
    await using server = start(SERVE);
    const place = await untilServing(server);
    await using tcp = await LineClient.open(place.tcpPort);
    await tcp.request("SUBSCRIBE t");
    assert.equal(await storeOverHttp(place, "t", 1), 200);
    assert.match((await tcp.line())!, /^MESSAGE t JSON:/);
    assert.equal(await tcp.request(`STORE_MESSAGE n u JSON:${btoa(message(2))}`), "OK STORED");
    const over = await fetch(`${place.httpUrl}/messages/u`);
    assert.deepEqual(await over.json(), [JSON.parse(message(2))]);
    const [, json] = (await tcp.request("GET_MESSAGES t"))!.split("JSON:");
    assert.deepEqual(JSON.parse(atob(json)), [JSON.parse(message(1))]);
    const clients = [
      runPython("http_client.py", [place.httpUrl]),
      runPython("line_client.py", [`${place.tcpPort}`]),
    ];
    await Promise.all(clients);
    server.kill("SIGTERM");
    await server.lines();
  }));

Deno.test("ringbus serve: a client of Redis connects by the URL that is printed", () =>
  inShell(async ({ start, scratch }) => {
    const file = `${scratch.path}/.token`;
    await Deno.writeTextFile(file, "s3cret\n");
    await using server = start(["serve", "--http-port", "0", "--tcp-port", "0"]);
    await using locked = start([...SERVE, "--token-file", file]);
    await server.prints("\n");
    const [url] = /redis:\/\/127\.0\.0\.1:\d+/.exec(server.output)!;
    const { redisUrl } = await untilServing(locked);
    await Deno.remove(file);
    const client = createClient({ url });
    const user = createClient({ url: redisUrl, password: "s3cret", RESP: 3 });
    for (const each of [client, user]) {
      await each.connect();
      assert.equal(await each.set("k", "v"), "OK");
      assert.equal(await each.get("k"), "v");
      each.destroy();
    }
    const stranger = createClient({ url: redisUrl, socket: { reconnectStrategy: false } });
    stranger.on("error", () => {});
    await assert.rejects(stranger.connect(), /NOAUTH/);
    for (const each of [server, locked]) {
      each.kill("SIGTERM");
      await each.lines();
    }
  }));

/** Stores over HTTP until the server is gone. Returns the ids that the server replied to. */
async function keepStoringOverHttp(addresses: ServerAddresses, from: number): Promise<number[]> {
  const replied: number[] = [];
  for (let id = from;; id++) {
    try {
      if (await storeOverHttp(addresses, "t", id) === 200) replied.push(id);
    } catch {
      return replied;
    }
  }
}

/** Stores over TCP, many at a time, until the server is gone. Returns the ids that it replied to. */
async function keepStoringOverTcp({ tcpPort }: ServerAddresses, from: number): Promise<number[]> {
  await using client = await LineClient.open(tcpPort);
  const replied: number[] = [];
  for (let next = from;; next += 100) {
    const ids = Array.from({ length: 100 }, (_, n) => next + n);
    const lines = ids.map((id) => `STORE_MESSAGE n t JSON:${btoa(message(id))}\r\n`);
    const sent = client.send(lines.join("")).catch(() => {});
    for (const id of ids) {
      if (await client.line() !== "OK STORED") return replied;
      replied.push(id);
    }
    await sent;
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`ringbus serve: at ${signal} under load every stored message has a reply`, () =>
    inShell(async ({ start }) => {
      await using server = start(SERVE);
      const place = await untilServing(server);
      await using reader = await LineClient.open(place.tcpPort);
      await reader.request("SUBSCRIBE t");
      const clients = [
        keepStoringOverHttp(place, 1_000_000),
        keepStoringOverHttp(place, 2_000_000),
        keepStoringOverTcp(place, 3_000_000),
        keepStoringOverTcp(place, 4_000_000),
      ];
      const pushed = await reader.lines(3000);
      server.kill(signal);
      pushed.push(...await reader.ended());
      reader.close();
      const replied = (await Promise.all(clients)).flat();
      const taken = pushed.map((line) => JSON.parse(atob(line!.split("JSON:")[1])).id);
      assert.deepEqual(taken.sort(), replied.sort());
      assert.ok(replied.some((id) => id < 3_000_000) && replied.some((id) => id > 3_000_000));
      assert.match((await server.lines()).at(-1)!, /^stopped; \d+ messages were stored$/);
    }));
}

Deno.test("ringbus serve: the token of a file rejects clients without it", () =>
  inShell(async ({ start, scratch }) => {
    const file = `${scratch.path}/.token`;
    await Deno.writeTextFile(file, "s3cret\n");
    await using server = start([...SERVE, "--token-file", file]);
    const place = await untilServing(server);
    await Deno.remove(file);
    assert.equal(await storeOverHttp(place, "t", 1), 401);
    assert.equal(await runPython("http_client.py", [place.httpUrl, "s3cret"]), "passed\n");
    await using tcp = await LineClient.open(place.tcpPort);
    assert.match((await tcp.request("STATS"))!, /^ERROR "send AUTH/);
    assert.equal(await tcp.request("AUTH s3cret"), "OK AUTHENTICATED");
    server.kill("SIGTERM");
    tcp.close();
    await server.lines();
  }));

Deno.test("ringbus serve: limits hold in both servers and their store", () =>
  inShell(async ({ start }) => {
    const limits = ["--max-messages-per-topic", "2", "--max-body-bytes", "1K"];
    await using server = start([...SERVE, ...limits, "--max-line-bytes", "2K"]);
    const place = await untilServing(server);
    for (const id of [1, 2, 3]) await storeOverHttp(place, "t", id);
    const stats = await (await fetch(`${place.httpUrl}/stats`)).json();
    assert.deepEqual([stats.total_messages, stats.evicted], [2, 1]);
    const large = {
      method: "POST",
      headers: JSON_TYPE,
      body: JSON.stringify({ key: "k", value: "x".repeat(1100) }),
    };
    const rejected = await fetch(`${place.httpUrl}/set`, large);
    await rejected.body?.cancel();
    assert.equal(rejected.status, 413);
    await using tcp = await LineClient.open(place.tcpPort);
    assert.match((await tcp.request(`PUBLISH t ${"x".repeat(2100)}`))!, /at most 2048 bytes/);
    tcp.close();
    server.kill("SIGTERM");
    await server.lines();
  }));

Deno.test("ringbus serve: one server alone, with the permissions it needs and no more", () =>
  inShell(async ({ run }) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = `${taken.addr.port}`;
    const permissions = ["--allow-net=127.0.0.1"];
    const { code, stderr } = await run(["serve", "--no-http", "--tcp-port", port], { permissions });
    assert.equal(code, EXIT.FAILED);
    assert.match(
      stderr,
      new RegExp(`cannot listen on port ${port} of 127.0.0.1: another program listens`),
    );
    assert.match(stderr, /--tcp-port, or 0 for a free one/);
    assert.match(stderr, /RINGBUS_TOKEN is not read/);
  }));

Deno.test("ringbus serve: an address of another machine is named, with what to give", () =>
  inShell(async ({ run }) => {
    const words = ["serve", "--host", "192.0.2.1", "--token", "secret", "--no-http"];
    const { code, stderr } = await run([...words, "--tcp-port", "31134"]);
    assert.equal(code, EXIT.FAILED);
    const problem = "this machine has no such address; give one of its own with --host";
    assert.equal(stderr, `ringbus: cannot listen on port 31134 of 192.0.2.1: ${problem}\n`);
  }));

Deno.test("ringbus serve: an invalid option ends it with the exit code of a wrong command line", () =>
  inShell(async ({ run }) => {
    const cases: [string[], RegExp][] = [
      [["--host", "0.0.0.0"], /"0\.0\.0\.0" without a token/],
      [["--no-http", "--no-tcp"], /nothing to serve/],
      [["--token", "a", "--token-file", "b"], /not both/],
      [["--max-bytes", "0"], /--max-bytes must be a whole number, at least 1, not 0/],
      [["--tcp-port", "65536"], /--tcp-port takes a whole number from 0 to 65535/],
      [["--overflow", "wait"], /--overflow must be "dropOldest" or "disconnect", not "wait"/],
      [["--host", "::"], /; give one with --token-file, or omit --host/],
      [["--token", ""], /--token must be 1 to 512 visible ASCII characters, not empty/],
      [["--token", "x".repeat(513)], /--token must be .* characters, not 513 characters$/m],
      [["--token", "a b"], /--token must be .*, not 3 characters with others among them/],
      [["--port", "80"], /no option --port; did you mean --http-port or --tcp-port\?/],
    ];
    const results = await Promise.all(cases.map(([words]) => run(["serve", ...words])));
    for (const [i, { code, stderr }] of results.entries()) {
      assert.equal(code, EXIT.USAGE, cases[i][0].join(" "));
      assert.match(stderr, cases[i][1]);
    }
  }));

Deno.test("ringbus serve: IPv6 addresses are in brackets in URLs", () => {
  assert.equal(urlOf("tcp", "::1", 31134), "tcp://[::1]:31134");
  assert.equal(urlOf("http", "localhost", 80), "http://localhost:80");
  assert.equal(checkHost("[::1]"), "::1");
});

Deno.test("ringbus serve: a subscriber that misses messages is a warning on the standard error stream", () =>
  inShell(async ({ start }) => {
    await using server = start([...SERVE, "--max-queue-length", "2"]);
    const place = await untilServing(server);
    const body = JSON.stringify({ topic: "t", subscriber_id: "slow" });
    const subscribed = await fetch(`${place.httpUrl}/subscribe`, {
      method: "POST",
      headers: JSON_TYPE,
      body,
    });
    await subscribed.body?.cancel();
    for (let id = 1; id <= 5; id++) assert.equal(await storeOverHttp(place, "t", id), 200);
    server.kill("SIGTERM");
    const lines = await server.lines();
    const warnings = lines.filter((line) => line.includes("warning: subscriber"));
    assert.equal(warnings.length, 2);
    assert.match(
      warnings[0],
      /subscriber slow \(poll\) missed 1 message, 1 in all: its queue was full/,
    );
    assert.match(warnings[1], /missed 2 messages, 3 in all/);
  }));
