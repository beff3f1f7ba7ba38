/**
 * A process that runs cases one after the other, and writes the result of each as a line of JSON:
 * `deno run -A tests/stress/corruption/runner.ts SEED DIRECTORY CANARY INDEX...`. It is a process of its own,
 * so that a case that hangs or crashes does not end the fuzzer.
 *
 * @module
 */

import { disableChecks } from "./canary.ts";
import { runCase } from "./case.ts";

const [seed, parent, canary, ...indices] = Deno.args;

for (const index of indices.map(Number)) {
  const dir = Deno.makeTempDirSync({ dir: parent });
  const sabotage = canary === "true" ? disableChecks : undefined;
  const result = await runCase(Number(seed), index, dir, sabotage);
  Deno.removeSync(dir, { recursive: true });
  console.log(JSON.stringify({ index, result }));
}
