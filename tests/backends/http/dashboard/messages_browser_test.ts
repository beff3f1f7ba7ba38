// Messages on the dashboard in a browser, and what the page changes besides message queues. With
// RINGBUS_SCREENSHOTS=FOLDER its pictures are kept there, to be looked at.

import assert from "node:assert/strict";
import type { Page } from "puppeteer-core";
import { listChannels, Publisher, Pusher } from "../../../../mod.ts";
import { violationsOf } from "../../../support/axe.ts";
import { startBrowser, untilText } from "../../../support/browser.ts";
import { press, selectSection } from "../../../support/dashboard.ts";
import { until } from "../../../support/deadline.ts";
import { serveHttp } from "../../../support/http.ts";
import { inScratch } from "../../../support/scratch.ts";

const HOSTILE = "</script><script>document.title='taken'</script><img src=x>\u202e";
const LABEL = "<img src=x>\u202e";
const SHOWN = HOSTILE.replace("\u202e", "\\u{202e}");
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 780 };
const PICTURES = Deno.env.get("RINGBUS_SCREENSHOTS");
const OVERFLOW = "[document.documentElement, document.getElementById('details')]" +
  ".map((box) => box.scrollWidth - box.clientWidth).join()";

async function signIn(page: Page): Promise<void> {
  await untilText(page, "#state", /^Not signed in$/);
  await page.type("#token", "s3cret");
  await page.keyboard.press("Enter");
  await untilText(page, "#state", /^Live$/);
}

async function closeDetails(page: Page): Promise<void> {
  await page.keyboard.press("Escape");
  await page.waitForSelector("#details:not([open])");
}

/** The texts of the messages that are seen, the newest first. */
function seen(page: Page): Promise<string[]> {
  return page.$$eval(
    "#messages li:not([hidden]) pre",
    (texts) => texts.map(({ textContent }) => textContent!),
  );
}

/** Reads the page with axe and measures it, in both themes and at two widths. */
async function examine(page: Page, name: string): Promise<void> {
  for (const viewport of [NARROW, WIDE]) {
    await page.setViewport(viewport);
    for (const scheme of ["light", "dark"]) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      const where = `${name} ${scheme} ${viewport.width}`;
      assert.deepEqual(await violationsOf(page), [], where);
      assert.equal(await page.evaluate(OVERFLOW), "0,0", where);
      if (PICTURES === undefined) continue;
      Deno.writeFileSync(`${PICTURES}/${where.replaceAll(" ", "-")}.png`, await page.screenshot());
    }
  }
}

Deno.test("dashboard in a browser: messages of a channel and of a topic, and changes with a confirmation", () =>
  inScratch(async ({ path: dir }) => {
    await using scene = await serveHttp({ token: "s3cret", channels: { dir } });
    const { store } = scene.server;
    const add = (id: number, payload: unknown) =>
      store.storeMessage("n", "orders", JSON.stringify({ id, sender: "shop", payload }));
    const pusher = new Pusher<unknown>("jobs", { dir, codec: "msgpack", label: LABEL });
    using _news = new Publisher("news", { dir });
    pusher.send({ text: HOSTILE });
    add(1, "first");
    store.strings.set("greeting", "hello");
    await using browser = await startBrowser();
    const page = await browser.open(scene.url);
    await page.setViewport(WIDE);
    await signIn(page);

    await selectSection(page, "channels");
    await untilText(page, "#channels tbody", /jobs/);
    await page.click("#channels tbody tr th button[title=jobs]");
    await page.waitForSelector("#details[open] #channel-messages");
    assert.match(await press(page, "#channel-remove", "yes"), /^Remove the channel jobs, /);
    await untilText(page, "#details [role=status]", /jobs" is used: end what uses it first/);
    await page.click("#channel-messages");
    await untilText(page, "#details-title", /^Messages of jobs$/);
    await until(async () => (await seen(page)).length === 1, "the message that is there");
    assert.deepEqual(await seen(page), [
      `{"text": ${JSON.stringify(HOSTILE)}}`.replace("\u202e", "\\u{202e}"),
    ]);
    const facts = await page.$eval("#messages li p", ({ textContent }) => textContent!);
    assert.ok(facts.includes("<img src=x>\\u{202e}"), facts);
    assert.equal(await page.$("#details script, #details img"), null);
    for (const text of ["apple", "pear"]) pusher.send(text);
    await until(async () => (await seen(page)).length === 3, "those that come");
    assert.deepEqual((await seen(page)).slice(0, 2), ['"pear"', '"apple"']);
    await page.type("#messages-filter", "APP");
    assert.deepEqual(await seen(page), ['"apple"']);
    await examine(page, "messages");
    await page.click("#messages-pause");
    await untilText(page, "#messages-counts", /^Paused: 3 messages$/);
    pusher.send("apple pie");
    await untilText(page, "#messages-counts", /^Paused: 3 messages, 1 not shown$/);
    assert.deepEqual(await seen(page), ['"apple"']);
    await page.focus("#messages-pause");
    await page.keyboard.press("Enter");
    pusher.send("apples");
    await until(async () => (await seen(page)).length === 2, "the next one");
    await closeDetails(page);
    await until(async () => await page.$("#messages") === null, "the end of the viewer");
    pusher.close();
    await page.click("#channels tbody tr th button[title=jobs]");
    await page.waitForSelector("#details[open] #channel-remove");
    await press(page, "#channel-remove", "no");
    assert.equal(listChannels({ dir }).length, 2);
    await press(page, "#channel-remove", "yes");
    await page.waitForSelector("#details:not([open])");
    assert.deepEqual(listChannels({ dir }).map(({ name }) => name), ["news"]);

    await selectSection(page, "topics");
    await untilText(page, "#topics tbody", /orders/);
    await page.click("#topics tbody th button");
    await until(async () => (await seen(page)).length === 1, "the message of the topic");
    add(2, HOSTILE);
    await until(async () => (await seen(page)).length === 2, "the next message of the topic");
    assert.ok((await seen(page))[0].includes(SHOWN));
    const clear = "#messages-pause + button";
    assert.equal(
      await press(page, clear, "no"),
      "Delete all messages of the topic orders for good?",
    );
    assert.equal(store.topics.length, 2);
    await press(page, clear, "yes");
    await untilText(page, "#messages-said", /^Clear: done, 2$/);
    assert.equal(store.topics.length, 0);
    await closeDetails(page);

    await selectSection(page, "keys");
    await untilText(page, "#keys tbody", /greeting/);
    assert.match(await press(page, "#keys tbody button", "yes"), /^Delete the key greeting of /);
    await untilText(page, "#keys", /^No keys\.$/);
    assert.equal(store.stats().keys, 0);

    assert.equal(await page.title(), `Ringbus at ${new URL(scene.url).host}`);
    // A browser logs each refusal, however the page handles it.
    assert.deepEqual(browser.consoleErrors.filter((text) => !/40[19]/.test(text)), []);

    await using open = await serveHttp({ channels: { dir } });
    open.server.store.strings.set("greeting", "hello");
    const free = await browser.open(`${open.url}/#channels`);
    await untilText(free, "#channels tbody", /news/);
    await free.click("#channels tbody button");
    await free.waitForSelector("#details[open] #channel-messages");
    assert.equal(await free.$("#channel-remove"), null);
    await closeDetails(free);
    await selectSection(free, "keys");
    await untilText(free, "#keys tbody", /greeting/);
    assert.equal(await free.$("#keys tbody button"), null);
  }));
