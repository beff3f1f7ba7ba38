/**
 * The dashboard in a test's browser.
 *
 * @module
 */

import type { Page } from "puppeteer-core";

/** Selects the tab of a section, as soon as the page has it. */
export async function selectSection(page: Page, id: string): Promise<void> {
  const tab = await page.waitForSelector(`#tab-${id}`, { visible: true });
  await tab!.click();
  await page.waitForSelector(`#section-${id}`, { visible: true });
}
