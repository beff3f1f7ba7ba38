/**
 * `deno task fuzz:servers`: injects faults into servers and clients, and compares them with models. See
 * `--help`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { orEnd, wrongOption } from "../command_line.ts";
import { Random } from "../../support/random.ts";
import type { Stage } from "./stage.ts";
import { STAGES } from "./stages.ts";

const USAGE = `deno task fuzz:servers [--seed N] [--scale X] [--only TEXT]

  --seed N     decides everything but the timing (default 1)
  --scale X    how much to do: 1 takes some minutes (default 1)
  --only TEXT  runs the stages whose name has the text

Stages:
${STAGES.map(({ name, about }) => `  ${name}\n      ${about}`).join("\n")}`;

const { values } = orEnd(() =>
  parseArgs({
    args: Deno.args,
    options: {
      seed: { type: "string", default: "1" },
      scale: { type: "string", default: "1" },
      only: { type: "string", default: "" },
      help: { type: "boolean", default: false },
    },
  })
);

function positive(name: "seed" | "scale"): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value > 0) return value;
  return wrongOption(`--${name} must be a number, more than 0, not ${values[name]}`);
}

/** Runs a stage; false if it failed. */
async function run(stage: Stage, seed: number, scale: number): Promise<boolean> {
  const startMs = performance.now();
  try {
    const figures = await stage.run({ random: new Random(seed), scale });
    const counts = Object.entries(figures).map(([what, count]) => `${count} ${what}`).join(", ");
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(`held    ${stage.name}: ${counts}, ${seconds} s`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${stage.name}: ${error instanceof Error ? error.stack : error}`);
    console.log(
      `again: deno task fuzz:servers --seed ${seed} --scale ${scale} --only "${stage.name}"`,
    );
    return false;
  }
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const stages = STAGES.filter(({ name }) => name.includes(values.only));
  if (stages.length === 0) return wrongOption(`--only ${values.only} names no stage; see --help`);
  const [seed, scale] = [positive("seed"), positive("scale")];
  console.log(`seed ${seed}, scale ${scale}`);
  let failed = 0;
  for (const stage of stages) if (!(await run(stage, seed, scale))) failed++;
  console.log(`${stages.length - failed} held, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

Deno.exit(await main());
