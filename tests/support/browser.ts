/**
 * A browser without a window, for one test: its processes and its profile go with it.
 *
 * @module
 */

import puppeteer, { type Page } from "puppeteer-core";
import { until } from "./deadline.ts";

/** A browser, and what its pages have complained of and asked for. */
export interface TestBrowser extends AsyncDisposable {
  /** A folder that goes with it. */
  readonly folder: string;
  /** Opens an address in a tab that shares nothing with the others. */
  open(url: string): Promise<Page>;
  /** Errors and warnings of the pages, and what their policy forbade. */
  readonly consoleErrors: string[];
  /** Addresses that were asked for. */
  readonly requests: string[];
}

/** Generous: reached only when something hangs. */
const START_MS = 90_000;

/** Starts a browser. */
export async function startBrowser(): Promise<TestBrowser> {
  await using started = new AsyncDisposableStack();
  const folder = Deno.makeTempDirSync({ prefix: "ringbus-browser-" });
  started.defer(async () => {
    await until(() => !isAnyoneUsing(folder), "the end of the browser");
    Deno.removeSync(folder, { recursive: true });
  });
  const browser = await puppeteer.launch({
    executablePath: pathOf("chromium"),
    userDataDir: `${folder}/profile`,
    env: { ...Deno.env.toObject(), HOME: folder, TMPDIR: folder },
    timeout: START_MS,
    // Its own sandbox needs rights that containers do not give.
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  started.defer(() => browser.close());
  const ending = started.move();
  const complaints: string[] = [];
  const requests: string[] = [];
  return {
    folder,
    consoleErrors: complaints,
    requests,
    async open(url) {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      page.on("request", (request) => requests.push(request.url()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("console", (said) => {
        if (["error", "warn"].includes(said.type())) complaints.push(said.text());
      });
      await page.goto(url);
      return page;
    },
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

/** Where a program is. */
function pathOf(program: string): string {
  for (const folder of Deno.env.get("PATH")!.split(":")) {
    const path = `${folder}/${program}`;
    try {
      if (Deno.statSync(path).isFile) return path;
    } catch {
      // Not there.
    }
  }
  throw new Error(`the tests need ${program}: see tools/setup.ts`);
}

/** True while a process was started for that folder. */
function isAnyoneUsing(folder: string): boolean {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const texts = ["cmdline", "environ"].map((file) =>
        Deno.readTextFileSync(`/proc/${name}/${file}`)
      );
      if (texts.some((text) => text.includes(folder))) return true;
    } catch {
      // It has just ended.
    }
  }
  return false;
}

/** Waits until the text of an element fulfils a condition. */
export async function untilText(
  page: Page,
  selector: string,
  expected: RegExp,
): Promise<string> {
  let text = "";
  const read = async () => {
    text = await page.$eval(selector, (element) => (element as { innerText: string }).innerText)
      .catch(() => "");
    return expected.test(text);
  };
  await until(read, `${expected} in ${selector}`);
  return text;
}
