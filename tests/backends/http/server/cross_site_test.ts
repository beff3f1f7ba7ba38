// What a page of another site makes a browser send has no effect, and takes no messages.

import assert from "node:assert/strict";
import { EmbeddedServer } from "../../../../backends/tcp/mod.ts";
import { startBrowser } from "../../../support/browser.ts";
import { until } from "../../../support/deadline.ts";
import { type HttpScene, sendRaw, serveHttp } from "../../../support/http.ts";

const MOZILLA = "user-agent: Mozilla/5.0";
const FORM = "content-type: application/x-www-form-urlencoded";

/** Subscribes, and publishes a value that waits for a poll. */
async function sceneWithEntry(): Promise<HttpScene> {
  const scene = await serveHttp();
  await scene.call("/subscribe", { topic: "t", subscriber_id: "s" });
  await scene.call("/publish", { channel: "t", message: "secret" });
  return scene;
}

/** The entries that the subscriber still gets, as a program gets them. */
async function entries(scene: HttpScene): Promise<unknown[]> {
  return (await scene.call("/poll?subscriber_id=s&timeout=0")).json.messages;
}

async function status(scene: HttpScene, target: string, ...headers: string[]): Promise<number> {
  const isPost = target.startsWith("POST");
  const body = isPost ? '{"channel":"t","message":1}' : "";
  const lines = [
    `${target} HTTP/1.1`,
    `host: localhost:${scene.port}`,
    ...isPost ? [`content-length: ${body.length}`] : [],
    ...headers,
  ];
  const response = await sendRaw(scene.port, `${lines.join("\r\n")}\r\n\r\n${body}`, {
    until: "\r\n\r\n",
  });
  return Number(/^HTTP\/1.1 (\d+)/.exec(response)?.[1]);
}

const TAKING = ["GET /poll?subscriber_id=s&timeout=0", "GET /events?topic=t", "GET /snapshots"];

Deno.test("http: a request with an effect is rejected if another site has caused it", async () => {
  await using scene = await sceneWithEntry();
  const foreign = [
    ["sec-fetch-site: cross-site", "sec-fetch-mode: no-cors"],
    ["sec-fetch-site: same-site"],
    ["sec-fetch-site: cross-site", "sec-fetch-mode: navigate", "content-type: application/json"],
    [MOZILLA, "accept: */*"],
    [MOZILLA, "referer: http://evil.example/"],
    ["referer: http://localhost:1/"],
    [MOZILLA, "referer: nonsense"],
    ["origin: null"],
    [`origin: http://localhost`],
    [MOZILLA, "content-type: text/plain"],
    [MOZILLA, "content-type: application/x-www-form-urlencoded"],
    [MOZILLA, "content-type: text/plain; application/json"],
  ];
  for (const headers of foreign) {
    for (const target of [...TAKING, "POST /publish", "DELETE /subscribers/s"]) {
      assert.equal(await status(scene, target, ...headers), 403, `${target} ${headers}`);
    }
  }
  assert.equal((await entries(scene)).length, 1);
});

Deno.test("http: its own pages, and programs, may send requests with an effect", async () => {
  await using scene = await sceneWithEntry();
  const json = "content-type: application/json";
  const own = [
    [json],
    ["user-agent: Python-urllib/3.12", "accept-encoding: identity", FORM],
    ["accept-encoding: identity"],
    ["user-agent: curl/7.88.1", "accept: */*", FORM],
    ["content-type: text/plain", "ringbus-names: encoded"],
    ["content-type: text/plain", "authorization: Bearer x"],
    ["sec-fetch-mode: cors", json],
    ["sec-fetch-site: same-origin", MOZILLA],
    ["sec-fetch-site: none", MOZILLA],
    [MOZILLA, `referer: http://localhost:${scene.port}/`],
    [MOZILLA, `origin: http://localhost:${scene.port}`],
    [MOZILLA, "content-type: application/json; charset=utf-8"],
    [MOZILLA, "authorization: Bearer x"],
  ];
  for (const headers of own) {
    for (const target of [...TAKING, "POST /publish"]) {
      assert.equal(await status(scene, target, ...headers), 200, `${target} ${headers}`);
    }
  }
});

Deno.test("http: a body needs what no page of another site can send", async () => {
  await using scene = await sceneWithEntry();
  const types = ["text/plain", "text/plain;charset=UTF-8", "multipart/form-data; boundary=x"];
  const unproven = [
    [],
    [FORM],
    ["accept-encoding: gzip, deflate, br", FORM],
    ["user-agent: Deno/2.9.6", FORM],
    ["user-agent: Mocurl/1", FORM],
    ["content-type: application/jsonp"],
    ["content-type: text/plain; charset=application/json"],
    ...types.flatMap((type) =>
      ["user-agent: curl/7.88.1", "accept-encoding: identity", "accept: */*"]
        .map((header) => [header, `content-type: ${type}`])
    ),
  ];
  const published = scene.server.store.stats().published;
  for (const headers of unproven) {
    assert.equal(await status(scene, "POST /publish", ...headers), 415, `${headers}`);
  }
  assert.equal(scene.server.store.stats().published, published);
  assert.equal((await entries(scene)).length, 1);
});

Deno.test("http: programs without a name of their own still poll, and delete", async () => {
  await using scene = await sceneWithEntry();
  // What `http.client` of Python, and aiohttp, send.
  for (const headers of [["accept-encoding: identity"], ["user-agent: Python/3.12 aiohttp/3.9"]]) {
    for (const target of [...TAKING, "DELETE /subscribers/other"]) {
      assert.equal(await status(scene, target, ...headers), 200, `${target} ${headers}`);
    }
  }
});

Deno.test("http: what takes nothing is open to links from elsewhere", async () => {
  await using scene = await serveHttp();
  for (const path of ["/", "/health", "/metrics", "/openapi.json", "/get/k"]) {
    const headers = ["sec-fetch-site: cross-site", "sec-fetch-mode: navigate", MOZILLA];
    assert.equal(await status(scene, `GET ${path}`, ...headers), 200, path);
  }
});

/** Tries all that a page can do without being allowed to, and says when it has. */
const ATTACK = `<!doctype html><title>attack</title><script type="module">
const [http, tcp] = location.hash.slice(1).split(",").map((port) => "http://" + location.hostname + ":" + port);
const poll = http + "/poll?subscriber_id=s&timeout=0";
const tries = [];
const attempt = (url, init) => tries.push(fetch(url, { mode: "no-cors", ...init }).catch(() => {}));
attempt(poll);
attempt(poll, { referrerPolicy: "no-referrer", credentials: "include" });
const body = JSON.stringify({ channel: "t", message: "forged" });
attempt(http + "/publish", { method: "POST", body });
attempt(http + "/publish", { method: "POST", body: new Blob([body]) });
attempt(http + "/publish", { method: "POST", body: new URLSearchParams({ channel: "t" }) });
navigator.sendBeacon(http + "/publish", body);
for (const element of ["img", "script", "iframe", "embed"]) {
  const made = document.createElement(element);
  tries.push(new Promise((resolve) => { made.onload = made.onerror = resolve; }));
  made.src = poll;
  document.body.append(made);
}
tries.push(new Promise((resolve) => { new EventSource(poll).onerror = resolve; }));
const command = "PUBLISH t forged\\r\\n";
attempt(tcp + "/" + "x".repeat(20000), { method: "POST", body: command });
attempt(tcp, { method: "POST", body: command.repeat(100) });
await Promise.all(tries);
document.title = "done";
</script>`;

Deno.test("servers: a page in a browser drives neither the HTTP nor the TCP server", async () => {
  await using scene = await sceneWithEntry();
  const { store } = scene.server;
  await using tcp = new EmbeddedServer({ port: 0, store, maxLineBytes: 4096 });
  const tcpPort = await tcp.start();
  const before = store.stats().published;
  await using site = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(ATTACK, { headers: { "content-type": "text/html" } }),
  );
  await using browser = await startBrowser();
  for (const host of ["127.0.0.1", "localhost"]) {
    const page = await browser.open(
      `http://${host}:${site.addr.port}/#${scene.port},${tcpPort}`,
    );
    await until(async () => await page.title() === "done", "the end of the attack");
  }
  assert.equal(store.stats().published, before);
  assert.equal((await entries(scene)).length, 1);
});
