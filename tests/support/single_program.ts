/**
 * The program without its sources: the single binary where one can be made, else the bundle that it is
 * made of, in a folder with nothing else.
 *
 * @module
 */

import { bundle, compile, PERMISSIONS } from "../../tools/compile/build.ts";
import type { ShellProgram } from "./command_line.ts";

/** Milliseconds to find out whether there is a network. */
const POLL_MS = 5000;

/** The program, in its folder. */
export interface SingleProgram extends ShellProgram, AsyncDisposable {
  readonly cwd: string;
  /** The one file in that folder. */
  readonly file: string;
}

/** Makes it. */
export async function singleProgram(): Promise<SingleProgram> {
  const place = Deno.makeTempDirSync({ prefix: "ringbus-test-binary-" });
  const [cwd, cache] = [`${place}/alone`, `${place}/cache`];
  Deno.mkdirSync(cwd);
  const remove = {
    // deno-lint-ignore require-await
    [Symbol.asyncDispose]: async () => Deno.removeSync(place, { recursive: true }),
  };
  try {
    const module = `${place}/ringbus.js`;
    await bundle(module);
    if (await isBaseThere()) {
      await compile(module, `${cwd}/ringbus`);
      return { command: `${cwd}/ringbus`, args: () => [], cwd, file: "ringbus", ...remove };
    }
    Deno.renameSync(module, `${cwd}/ringbus.js`);
    const flags = ["--no-config", "--no-lock", "--no-remote", "--no-npm", "--no-prompt"];
    return {
      command: Deno.execPath(),
      args: () => ["run", "--quiet", ...flags, ...PERMISSIONS, "ringbus.js"],
      cwd,
      file: "ringbus.js",
      env: { DENO_DIR: cache },
      ...remove,
    };
  } catch (error) {
    await remove[Symbol.asyncDispose]();
    throw error;
  }
}

/** True if the base binary of this Deno is named, is here already, or can be downloaded. */
async function isBaseThere(): Promise<boolean> {
  if (Deno.env.has("DENORT_BIN")) return true;
  const file = `release/v${Deno.version.deno}/denort-${Deno.build.target}.zip`;
  if (isFile(`${await cacheDirectory()}/dl/${file}`)) return true;
  try {
    const signal = AbortSignal.timeout(POLL_MS);
    const response = await fetch(`https://dl.deno.land/${file}`, { method: "HEAD", signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function cacheDirectory(): Promise<string> {
  const info = new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stderr: "null" });
  const { stdout } = await info.output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
