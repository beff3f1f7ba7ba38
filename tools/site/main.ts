/**
 * `deno task docs:site`: makes a site of the pages, in dist/site or in the folder of `--out`. `--base` is its
 * path on the server, with slashes at both ends.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildSite } from "./build.ts";

const ROOT = new URL("../../", import.meta.url);

const { values } = parseArgs({
  options: {
    out: { type: "string", default: fileURLToPath(new URL("dist/site", ROOT)) },
    base: { type: "string", default: "/" },
  },
});

const workDir = fileURLToPath(new URL(".cache/site", ROOT));
const files = await buildSite({ workDir, base: values.base });
await Deno.mkdir(values.out, { recursive: true });
await Deno.remove(values.out, { recursive: true });
await Deno.rename(files, values.out);
console.log(`the site is in ${values.out}`);
