/**
 * Builds the site with VitePress, which is installed in the folder where it works.
 *
 * @module
 */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import type { Section } from "./navigation.ts";
import { readSources } from "./sources.ts";
import packages from "./vitepress/deno.json" with { type: "json" };

const VITEPRESS = new URL("vitepress/", import.meta.url);

/** How a site is built. */
export interface SitePlan {
  /** The folder in which VitePress works; its packages stay there for the next time. */
  readonly workDir: string;
  /** The path on its server, with slashes at both ends. */
  readonly base: string;
}

/**
 * Builds the site; returns the folder with its files.
 *
 * @throws {Error} if a link leads nowhere, or VitePress fails for another reason
 */
export async function buildSite({ workDir, base }: SitePlan): Promise<string> {
  const { pages, navigation } = readSources();
  const source = `${workDir}/source`;
  await Deno.mkdir(source, { recursive: true });
  await Deno.remove(source, { recursive: true });
  for (const [path, text] of pages) await write(`${source}/${path}`, text);
  const facts = { title: "Ringbus", description: project.description, base };
  await write(
    `${source}/.vitepress/site.json`,
    JSON.stringify({ ...facts, sidebar: sidebarOf(navigation) }),
  );
  await copy("config.mjs", `${source}/.vitepress/config.mjs`);
  await copy("deno.json", `${workDir}/deno.json`);
  await copy("deno.lock", `${workDir}/deno.lock`);
  await runVitepress(workDir);
  return `${source}/dist`;
}

async function runVitepress(workDir: string): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", packages.imports.vitepress, "build", "source"],
    cwd: workDir,
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return;
  const texts = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  throw new Error(`cannot build the site: VitePress failed\n${texts.join("\n")}`);
}

function sidebarOf(navigation: readonly Section[]): unknown {
  return navigation.map(({ title, entries }) => ({
    text: title,
    items: entries.map(({ title, file }) => ({
      text: title,
      link: `/docs/${file.replace(/README\.md$/, "").replace(/\.md$/, "")}`,
    })),
  }));
}

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, text);
}

async function copy(file: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.copyFile(fileURLToPath(new URL(file, VITEPRESS)), to);
}
