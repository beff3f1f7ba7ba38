// All sections of the dashboard in a browser, with everything that a server can show: read by axe as a screen
// reader does, by keyboard alone, in both themes and at two widths. With RINGBUS_SCREENSHOTS=FOLDER their
// pictures are kept there.

import assert from "node:assert/strict";
import { createClient } from "@redis/client";
import type { Page } from "puppeteer-core";
import { EmbeddedServer } from "../../../../backends/tcp/mod.ts";
import { InMemoryBackend } from "../../../../backends/state/memory.ts";
import { InMemoryMessageQueue, Latest, Publisher, Store, Subscriber } from "../../../../mod.ts";
import { violationsOf } from "../../../support/axe.ts";
import { startBrowser, untilText } from "../../../support/browser.ts";
import { selectSection } from "../../../support/dashboard.ts";
import { until } from "../../../support/deadline.ts";
import { type HttpScene, serveHttp } from "../../../support/http.ts";
import { inScratch } from "../../../support/scratch.ts";

const HOSTILE = "<script>document.title='taken'</script><img src=x onerror=document.title='taken'>";
/** What the page shows of it: the turn of the direction as an escape. */
const SHOWN = `${HOSTILE}\\u{202e}`;
const PICTURES = Deno.env.get("RINGBUS_SCREENSHOTS");
const SECTIONS = [
  "overview",
  "channels",
  "topics",
  "keys",
  "queues",
  "state",
  "clients",
  "servers",
];
/** Wide and narrow, light and dark; with pictures in all four ways. */
const LOOKS = [
  { width: 1280, theme: "light" },
  { width: 390, theme: "dark" },
  ...(PICTURES === undefined ? [] : [
    { width: 1280, theme: "dark" },
    { width: 390, theme: "light" },
  ]),
];

/** A server that shows something in every section, while `test` runs. */
async function withEverything(test: (scene: HttpScene) => Promise<void>): Promise<void> {
  await inScratch(async ({ path: dir }) => {
    const label = "desk\u202e <b>";
    using news = new Publisher<string>("news", { dir, codec: "json", label });
    using _reader = new Subscriber("news", { dir });
    using poses = new Latest<unknown>("poses", { dir, codec: "json" });
    poses.set(`${HOSTILE}\u202e`, { x: HOSTILE });
    for (let n = 0; n < 20; n++) news.send("a");
    await using queue = new InMemoryMessageQueue({ leaseSeconds: 3600 });
    await queue.initialize();
    await queue.publish({ channel: HOSTILE, payload: 1, sourceAgent: "s", targetAgent: "a" });
    await using state = new InMemoryBackend();
    await state.bufferAppend(HOSTILE, new Uint8Array(3));
    await state.registrySet(HOSTILE, "uuid-1");
    const store = new Store();
    await using tcp = new EmbeddedServer({ port: 0, store });
    const url = `redis://127.0.0.1:${await tcp.start()}`;
    await using scene = await serveHttp({
      store,
      channels: { dir },
      queues: { main: queue },
      states: { agents: state },
    });
    const client = await createClient({ url, name: "worker" }).connect();
    try {
      await client.set(`${HOSTILE}\u202e`, "value", { EX: 3600 });
      await client.hSet("hash", "field", "value");
      await client.sendCommand(["NONE"]).catch(() => {});
      await scene.call("/psubscribe", { pattern: "orders.*", subscriber_id: "by pattern" });
      await scene.store("orders.new", 1n);
      await scene.call("/none");
      await test(scene);
    } finally {
      client.destroy();
    }
  });
}

async function overflowOf(page: Page): Promise<unknown> {
  return await page.evaluate(
    "[document.documentElement, ...document.querySelectorAll('.scroll:not([hidden])')]" +
      ".reduce((sum, { scrollWidth, clientWidth }) => sum + scrollWidth - clientWidth, 0)",
  );
}

/** The section whose tab has the focus. */
async function focusedTab(page: Page): Promise<unknown> {
  return await page.evaluate("document.activeElement.id");
}

async function textOf(page: Page, selector: string): Promise<string | null> {
  return await page.$eval(selector, ({ textContent }) => textContent);
}

async function keepPicture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  Deno.writeFileSync(`${PICTURES}/${name}.png`, await page.screenshot({ fullPage: true }));
}

Deno.test("dashboard in a browser: every section is read by axe, by keyboard, dark and light, narrow and wide", () =>
  withEverything(async ({ url }) => {
    await using browser = await startBrowser();
    const page = await browser.open(url);
    for (const id of SECTIONS) await page.waitForSelector(`#tab-${id}`, { visible: true });
    for (const { width, theme } of LOOKS) {
      await page.setViewport({ width, height: 844 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
      await page.focus("#tabs [aria-selected=true]");
      await page.keyboard.press("Home");
      for (const id of SECTIONS) {
        assert.equal(await focusedTab(page), `tab-${id}`);
        await page.waitForSelector(`#section-${id}`, { visible: true });
        if (id === "keys") await untilText(page, "#keys tbody", /hash/);
        const where = `${id}, ${theme}, ${width}`;
        assert.deepEqual(await violationsOf(page), [], where);
        assert.equal(await overflowOf(page), 0, where);
        await keepPicture(page, `${id}-${theme}-${width}`);
        await page.keyboard.press("ArrowRight");
      }
      // Behind the last one comes the first one.
      assert.equal(await focusedTab(page), "tab-overview");
    }
    await page.keyboard.press("End");
    assert.equal(await focusedTab(page), "tab-servers");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await focusedTab(page), "tab-clients");
    // One Tab leaves the list of tabs.
    await page.keyboard.press("Tab");
    assert.doesNotMatch(String(await focusedTab(page)), /^tab-/);
    assert.equal(page.url(), `${url}/#clients`);
    await page.reload();
    await page.waitForSelector("#section-clients", { visible: true });
    assert.deepEqual(browser.consoleErrors, []);
  }));

Deno.test("dashboard in a browser: what sections show, also with hostile names", () =>
  withEverything(async ({ url }) => {
    await using browser = await startBrowser();
    const page = await browser.open(url);
    await selectSection(page, "channels");
    await untilText(page, "#channels tbody", /news\s+broadcast/);
    await page.evaluate(
      "[...document.querySelectorAll('#channels tbody button')]" +
        ".find((button) => button.textContent === 'poses').focus()",
    );
    await page.keyboard.press("Enter");
    await page.waitForSelector("#details[open]");
    await untilText(page, "#details-content", /Latest values/);
    const [details] = await page.$$("#details-content table:has(caption)");
    assert.ok(details);
    await until(
      async () => (await textOf(page, "#details-content"))!.includes(`${SHOWN}{ x: `),
      "the latest value",
    );
    assert.deepEqual(await violationsOf(page), []);
    await keepPicture(page, "details");
    await page.keyboard.press("Escape");
    await page.waitForSelector("#details:not([open])");
    assert.equal(await page.evaluate("document.activeElement.textContent"), "poses");
    await selectSection(page, "topics");
    await untilText(page, "#topics tbody tr", /^orders\.new\s+1\s+\d+\sB\s+0\s+1\b/);
    await selectSection(page, "keys");
    await untilText(page, "#keys tbody", /string/);
    assert.ok((await textOf(page, "#keys tbody"))!.includes(SHOWN));
    await untilText(page, "#keys tbody", /59\smin/);
    await selectSection(page, "state");
    await untilText(page, "#states tbody", /^agents/);
    assert.ok((await textOf(page, "#threads tbody"))!.startsWith(HOSTILE));
    assert.ok((await textOf(page, "#chains tbody"))!.startsWith(HOSTILE));
    await selectSection(page, "clients");
    await untilText(page, "#clients tbody", /^worker\s+127\.0\.0\.1:\d+\s+0/);
    await selectSection(page, "servers");
    await untilText(page, "#errors tbody", /404 no such path|404/);
    await untilText(page, "#errors tbody", /unknown command/);
    await untilText(page, "#commands tbody", /redis/);
    await page.setViewport({ width: 390, height: 844 });
    const cut = await page.$$eval(
      "#errors .name",
      (cells) => cells.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).length,
    );
    assert.equal(cut, 0, "an error is shown to its end on a telephone");
    assert.equal(await page.$("main script, main img, dialog script, dialog img"), null);
    assert.equal(await page.title(), `Ringbus at ${new URL(url).host}`);
    assert.deepEqual(browser.consoleErrors, []);
  }));
