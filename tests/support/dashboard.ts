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

/** Presses a button, and says yes or no; returns the question. */
export async function press(page: Page, button: string, answer: "yes" | "no"): Promise<string> {
  await page.click(button);
  await page.waitForSelector("#confirm[open]");
  const question = await page.$eval("#confirm-text", ({ textContent }) => textContent);
  await page.click(`#confirm-${answer}`);
  await page.waitForSelector("#confirm:not([open])");
  return question!;
}
