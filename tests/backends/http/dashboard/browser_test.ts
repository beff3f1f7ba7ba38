// The dashboard in a browser. With RINGBUS_SCREENSHOTS=FOLDER its pictures are kept there, to be looked at.

import assert from "node:assert/strict";
import type { Page } from "puppeteer-core";
import { MAX_DASHBOARDS } from "../../../../backends/store/limits.ts";
import { Store } from "../../../../mod.ts";
import { EmbeddedServer } from "../../../../backends/tcp/mod.ts";
import { startBrowser, type TestBrowser, untilText } from "../../../support/browser.ts";
import { selectSection } from "../../../support/dashboard.ts";
import { serveHttp } from "../../../support/http.ts";

const HOSTILE = "<script>document.title='taken'</script><img src=x onerror=document.title='taken'>";
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 780 };
const PNG = [0x89, 0x50, 0x4e, 0x47];

/** Takes a picture of the whole page, and checks that it is one. */
async function picture(page: Page, browser: TestBrowser, name: string): Promise<void> {
  const folder = Deno.env.get("RINGBUS_SCREENSHOTS") ?? browser.folder;
  const bytes = await page.screenshot({ fullPage: true });
  assert.deepEqual([...bytes.subarray(0, 4)], PNG);
  assert.ok(bytes.length > 10_000, `${name} shows something`);
  Deno.writeFileSync(`${folder}/dashboard-${name}.png`, bytes);
}

/** Addresses of other servers that the page has asked. */
function foreignRequests({ requests }: TestBrowser, url: string): string[] {
  return requests.filter((request) =>
    !request.startsWith(`${url}/`) && !request.startsWith("data:")
  );
}

Deno.test("dashboard in a browser: it shows new messages at once, in light and dark, wide and narrow", async () => {
  const store = new Store({ maxBytes: 1_000_000 });
  await using scene = await serveHttp({ store });
  await using tcp = new EmbeddedServer({ port: 0, store });
  await tcp.start();
  await using browser = await startBrowser();
  const page = await browser.open(scene.url);
  await page.setViewport(WIDE);
  await untilText(page, "#state", /^Live$/);
  await selectSection(page, "topics");
  await untilText(page, "#topics", /^No topic has messages yet\.$/);
  await scene.call("/subscribe", { topic: HOSTILE, subscriber_id: HOSTILE });
  for (let id = 1n; id <= 3n; id++) await scene.store(HOSTILE, id);
  for (let id = 1n; id <= 40n; id++) await scene.store(`sensor.${id % 4n}`, id);
  await untilText(page, "#topics tbody tr:first-child td:nth-child(2)", /^10$/);
  await untilText(page, "#subscribers tbody tr", /^HTTP poll/);
  await selectSection(page, "overview");
  await untilText(page, "#tiles article:first-child .value", /^[1-9]/);
  await selectSection(page, "topics");
  const texts = await page.$$eval(
    "#topics th[scope=row], #subscribers span.name",
    (cells) => cells.map((cell) => cell.textContent),
  );
  assert.deepEqual(texts.filter((text) => text === HOSTILE), [HOSTILE, HOSTILE]);
  assert.equal(await page.$("main script, main img"), null);
  assert.equal(await page.title(), `Ringbus at ${new URL(scene.url).host}`);
  await selectSection(page, "servers");
  await untilText(page, "#commands", /^No command yet\.$/);
  await untilText(page, "#requests", /^POST \/store_message\s+43\b/m);

  await selectSection(page, "topics");
  await page.click("#topics thead th:first-child button");
  await untilText(page, "#topics tbody tr:first-child th", /^<script>/);
  assert.equal(
    await page.$eval("#topics th[aria-sort]", (head) => head.getAttribute("aria-sort")),
    "ascending",
  );

  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await picture(page, browser, scheme);
  }
  await page.setViewport(NARROW);
  await picture(page, browser, "narrow");
  const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
  assert.equal(await page.evaluate(overflow), 0);
  const cutOff = 'document.querySelectorAll(".scroll:not([hidden])").values()' +
    ".filter((table) => table.scrollWidth > table.clientWidth).toArray().length";
  assert.equal(await page.evaluate(cutOff), 0);
  const unnamed =
    'document.querySelectorAll("table:not(:has(caption)), thead th:not([scope=col])").length';
  assert.equal(await page.evaluate(unnamed), 0);

  assert.deepEqual(foreignRequests(browser, scene.url), []);
  assert.deepEqual(browser.consoleErrors, []);
});

Deno.test("dashboard in a browser: it asks for the token, keeps it in its tab, and deletes it on request", async () => {
  await using scene = await serveHttp({ token: "s3cret" });
  await using browser = await startBrowser();
  const page = await browser.open(scene.url);
  await untilText(page, "#state", /^Not signed in$/);
  const signIn = async (token: string) => {
    await page.type("#token", token);
    await page.keyboard.press("Enter");
  };
  await signIn("wrong");
  await untilText(page, "#sign-in-problem", /does not take this token/);
  await signIn("not ASCII: ü");
  await untilText(page, "#sign-in-problem", /letters, digits and signs/);
  await picture(page, browser, "sign-in");
  await page.$eval("#token", (input) => (input as unknown as { value: string }).value = "");
  await signIn("s3cret");
  await untilText(page, "#state", /^Live$/);
  await untilText(page, "#facts", /Topics\s+0/);
  await page.reload();
  await untilText(page, "#state", /^Live$/);
  assert.equal(await page.evaluate("document.cookie"), "");
  assert.deepEqual(browser.requests.filter((request) => /s3cret|wrong/.test(request)), []);
  await page.click("#sign-out");
  await untilText(page, "#state", /^Not signed in$/);
  assert.equal(await page.evaluate("sessionStorage.length"), 0);
  const invited = await browser.open(`${scene.url}/?token=s3cret`);
  await untilText(invited, "#state", /^Live$/);
  assert.equal(invited.url(), `${scene.url}/`);
  assert.equal(await invited.evaluate("sessionStorage.length + document.cookie"), "0");
  // A browser logs each 401 there, however the page handles it.
  assert.deepEqual(browser.consoleErrors.filter((text) => !text.includes("401")), []);
});

Deno.test("dashboard in a browser: the page reconnects to a restarted server", async () => {
  await using browser = await startBrowser();
  let page: Page;
  let port: number;
  {
    await using scene = await serveHttp({ token: "s3cret" });
    port = scene.port;
    page = await browser.open(scene.url);
    await untilText(page, "#state", /^Not signed in$/);
    await page.type("#token", "s3cret");
    await page.click("#sign-in-form button");
    await untilText(page, "#state", /^Live$/);
  }
  await untilText(page, "#state", /^Disconnected, retrying$/);
  await picture(page, browser, "disconnected");
  await using scene = await serveHttp({ token: "s3cret", port });
  scene.server.store.storeMessage("n", "after the restart", '{"id":1}');
  await untilText(page, "#state", /^Live$/);
  await selectSection(page, "topics");
  await untilText(page, "#topics", /^after the restart/m);
  await scene.server.stop();
  await using _stranger = await serveHttp({ token: "another", port });
  await untilText(page, "#sign-in-problem", /does not take this token/);
  assert.equal(await page.evaluate("sessionStorage.length"), 0);
});

Deno.test("dashboard in a browser: beyond the limit of viewers it waits for a free place", async () => {
  await using scene = await serveHttp();
  const responses = Array.from({ length: MAX_DASHBOARDS }, () => fetch(`${scene.url}/snapshots`));
  const others = (await Promise.all(responses)).map(({ body }) => body!);
  await using browser = await startBrowser();
  const page = await browser.open(scene.url);
  await untilText(page, "#state", /^The server is busy, retrying$/);
  for (const other of others) await other.cancel();
  await untilText(page, "#state", /^Live$/);
});
