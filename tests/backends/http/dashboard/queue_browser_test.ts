// Message queues on the dashboard in a browser. With RINGBUS_SCREENSHOTS=FOLDER its pictures are kept there.

import assert from "node:assert/strict";
import type { Page } from "puppeteer-core";
import { InMemoryMessageQueue } from "../../../../mod.ts";
import { startBrowser, untilText } from "../../../support/browser.ts";
import { until } from "../../../support/deadline.ts";
import { press, selectSection } from "../../../support/dashboard.ts";
import { serveHttp } from "../../../support/http.ts";

const HOSTILE = "<script>document.title='taken'</script><img src=x onerror=document.title='taken'>";
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 780 };
const CHANNEL = `jobs ${HOSTILE}\u202e`;

/** Opens the channel of the test, signed in. */
async function openChannel(page: Page): Promise<void> {
  await untilText(page, "#state", /^Not signed in$/);
  await page.type("#token", "s3cret");
  await page.keyboard.press("Enter");
  await selectSection(page, "queues");
  await untilText(page, "#queue-channels tbody tr:first-child td:nth-child(2)", /^2$/);
  await page.click("#queue-channels tbody button");
  await untilText(page, "#queue-dead tbody", /broken/);
}

async function keepPicture(page: Page, folder: string, name: string): Promise<void> {
  const bytes = await page.screenshot({ fullPage: true });
  assert.ok(bytes.length > 10_000, `${name} shows something`);
  Deno.writeFileSync(`${folder}/dashboard-${name}.png`, bytes);
}

Deno.test("dashboard in a browser: message queues are shown, and changed after a confirmation", async () => {
  await using queue = new InMemoryMessageQueue({ leaseSeconds: 3600 });
  await queue.initialize();
  const common = { channel: CHANNEL, sourceAgent: "s", targetAgent: HOSTILE };
  for (let n = 1; n <= 4; n++) await queue.publish({ ...common, payload: `${n}${HOSTILE}` });
  await using subscription = queue.subscribe(CHANNEL, HOSTILE);
  const { value: first } = await subscription.next();
  await queue.reject(first, `broken ${HOSTILE}`, { error: HOSTILE });
  const { value: held } = await subscription.next();
  await using scene = await serveHttp({ token: "s3cret", queues: { main: queue } });
  await using browser = await startBrowser();
  const page = await browser.open(scene.url);
  await page.setViewport(WIDE);
  await openChannel(page);
  const folder = Deno.env.get("RINGBUS_SCREENSHOTS") ?? browser.folder;

  const textOf = (selector: string) => page.$eval(selector, ({ textContent }) => textContent);
  assert.equal(await textOf("#queue-name"), `main: jobs ${HOSTILE}\\u{202e}`);
  await untilText(page, "#queue-leased tbody tr th", new RegExp(`^${RegExp.escape(held.id)}$`));
  assert.equal(await textOf("#queue-leased tbody td:nth-child(2)"), HOSTILE);
  assert.equal(await textOf("#queue-leased tbody td:nth-child(5)"), JSON.stringify(held.payload));
  assert.equal(await textOf("#queue-dead tbody td:nth-child(4)"), `broken ${HOSTILE}`);
  assert.equal(await page.$("main script, main img, dialog script, dialog img"), null);
  await until(
    async () =>
      (await page.$$eval(
        "#queue-channels .sparkline polyline",
        (lines) => lines.map((line) => line.getAttribute("points")!.split(" ").length),
      )).every((points) => points >= 2),
    "lines of two values",
  );
  await keepPicture(page, folder, "queue");
  await page.setViewport(NARROW);
  await keepPicture(page, folder, "queue-narrow");
  const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
  assert.equal(await page.evaluate(overflow), 0);
  const cutOff = 'document.querySelectorAll(".scroll:not([hidden])").values()' +
    ".filter((table) => table.scrollWidth > table.clientWidth).toArray().length";
  assert.equal(await page.evaluate(cutOff), 0);
  await page.setViewport(WIDE);

  assert.match(await press(page, "#queue-pause", "no"), /^Pause the channel main: jobs/);
  assert.equal((await queue.stats(CHANNEL)).isPaused, false);
  await press(page, "#queue-pause", "yes");
  await untilText(page, "#queue-pause", /^Resume$/);
  assert.equal((await queue.stats(CHANNEL)).isPaused, true);
  await untilText(page, "#queue-channels tbody", /paused/);

  await press(page, "#queue-leased tbody button", "yes");
  await untilText(page, "#queue-leased", /No leased messages/);
  await untilText(page, "#queue-dead tbody", /rejected on the dashboard/);
  assert.match(await press(page, "#queue-purge", "yes"), /^Remove 2 waiting messages of main/);
  await untilText(page, "#queue-said", /^Purge: done, 2$/);
  assert.equal((await queue.stats(CHANNEL)).waiting, 0);
  await press(page, "#queue-dead tbody tr:last-child button", "yes");
  await untilText(page, "#queue-said", /^Requeue: done, 1$/);
  assert.equal((await queue.stats(CHANNEL)).waiting, 1);
  await until(async () => (await page.$$("#queue-dead tbody tr")).length === 1, "one dead letter");
  await untilText(page, "#queue-channels tbody td:nth-child(5)", /^1$/);
  assert.match(await press(page, "#queue-purge-dead", "yes"), /^Remove 1 dead letter of main/);
  await untilText(page, "#queue-dead", /No dead letters/);
  assert.equal((await queue.stats(CHANNEL)).dead, 0);

  const unnamed =
    'document.querySelectorAll("table:not(:has(caption)), thead th:not([scope=col])").length';
  assert.equal(await page.evaluate(unnamed), 0);
  assert.equal(await page.title(), `Ringbus at ${new URL(scene.url).host}`);
  assert.deepEqual(browser.consoleErrors.filter((text) => !text.includes("401")), []);
});

Deno.test("dashboard in a browser: without a token message queues are shown, and not changed", async () => {
  await using queue = new InMemoryMessageQueue({ leaseSeconds: 3600 });
  await queue.initialize();
  await queue.publish({ channel: "c", payload: 1, sourceAgent: "s", targetAgent: "a" });
  await using subscription = queue.subscribe("c", "a");
  await subscription.next();
  await using scene = await serveHttp({ queues: { main: queue } });
  await using browser = await startBrowser();
  const page = await browser.open(scene.url);
  await selectSection(page, "queues");
  await untilText(page, "#queue-channels tbody", /main: c/);
  await page.click("#queue-channels tbody button");
  await untilText(page, "#queue-leased tbody tr td:nth-child(2)", /^a$/);
  const shown = await page.$$eval(
    "#queue-pause, #queue-purge, #queue-purge-dead, #queue-leased tbody button",
    (buttons) => buttons.filter((button) => button.checkVisibility()).length,
  );
  assert.equal(shown, 0);
  assert.deepEqual(browser.consoleErrors, []);
});
