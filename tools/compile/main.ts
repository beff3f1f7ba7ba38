/**
 * Compiles the single binary, `dist/ringbus`. Arguments go to `deno compile`, such as `--target` for
 * another machine.
 *
 * @module
 */

import { bundle, compile } from "./build.ts";

const FOLDER = "dist";
const BUNDLE = `${FOLDER}/ringbus.js`;
const BINARY = `${FOLDER}/ringbus`;

Deno.mkdirSync(new URL(`../${FOLDER}`, import.meta.url), { recursive: true });
await bundle(BUNDLE);
try {
  await compile(BUNDLE, BINARY, Deno.args);
  console.log(`made ${BINARY}`);
} catch (error) {
  console.error((error as Error).message);
  console.error(
    `${BUNDLE} is made, and is the whole program: deno run -A ${BUNDLE}. If the base binary could ` +
      `not be downloaded, get denort of Deno ${Deno.version.deno} and name it with DENORT_BIN.`,
  );
  Deno.exit(1);
}
