/**
 * Builds the site with VitePress, which is installed in the folder where it works.
 *
 * @module
 */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Section } from "./navigation.ts";
import { readSources } from "./sources.ts";

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
  await removeIfThere(source);
  for (const [path, text] of pages) await write(`${source}/${path}`, text);
  const { name, description } = await projectFacts();
  await write(
    `${source}/.vitepress/site.json`,
    JSON.stringify({ title: name, description, base, sidebar: sidebarOf(navigation) }),
  );
  await copy("config.mjs", `${source}/.vitepress/config.mjs`);
  await copy("deno.json", `${workDir}/deno.json`);
  await copy("deno.lock", `${workDir}/deno.lock`);
  await runVitepress(workDir);
  return `${source}/dist`;
}

async function runVitepress(workDir: string): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", "npm:vitepress@1.6.4", "build", "source"],
    cwd: workDir,
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return;
  const texts = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  throw new Error(`cannot build the site: VitePress failed\n${texts.join("\n")}`);
}

async function projectFacts(): Promise<{ name: string; description: string }> {
  const config = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  return { name: "Ringbus", description: config.description };
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

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
