/**
 * Reads a page in a browser as axe does, which knows what readers with a screen reader need.
 *
 * @module
 */

import axe from "axe-core";
import type { Page } from "puppeteer-core";

/** What axe finds on a page, each with the elements. */
export async function violationsOf(page: Page): Promise<string[]> {
  if (await page.evaluate("typeof axe") === "undefined") await page.evaluate(axe.source);
  const found = await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => " +
      "violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' | ')))",
  );
  return found as string[];
}
