/**
 * The command line of the stress test.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type PatternName, PATTERNS } from "./patterns.ts";

/** The help text. */
export const USAGE = `deno task stress [options]

Runs processes of every pattern, kills and stops them at random times, and checks that the survivors
lose nothing. With --failpoints it kills and stops them at each failpoint instead: between any two
writes that other processes can see.

  --pattern NAME  pubsub, history, topics, queue, requests, ack or all (all)
  --kills N       kills of each pattern (1000)
  --minutes N     run this long instead, all patterns together
  --seed N        repeat the run with this seed
  --failpoints    attack at each failpoint, in every part that reaches it
  --once          each failpoint in one part only; the seed selects it
  --session N     only this session, to repeat one that failed
  --json          print the figures as JSON
  --help          print this help`;

/** The options. */
export interface Options {
  patterns: PatternName[];
  kills: number;
  minutes: number | undefined;
  seed: number;
  session: number | undefined;
  isFailpoints: boolean;
  isOnce: boolean;
  isJson: boolean;
  isHelp: boolean;
}

const DEFAULT_KILLS = 1000;

/**
 * Reads the command line.
 *
 * @throws {TypeError} if an option is unknown or invalid
 */
export function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      pattern: { type: "string", default: "all" },
      kills: { type: "string" },
      minutes: { type: "string" },
      seed: { type: "string" },
      session: { type: "string" },
      failpoints: { type: "boolean", default: false },
      once: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return {
    patterns: patternsOf(values.pattern),
    kills: numberOf("kills", values.kills) ?? DEFAULT_KILLS,
    minutes: numberOf("minutes", values.minutes),
    seed: numberOf("seed", values.seed, 0) ?? crypto.getRandomValues(new Uint32Array(1))[0],
    session: numberOf("session", values.session),
    isFailpoints: values.failpoints || values.once,
    isOnce: values.once,
    isJson: values.json,
    isHelp: values.help,
  };
}

function patternsOf(name: string): PatternName[] {
  const names = Object.keys(PATTERNS) as PatternName[];
  if (name === "all") return names;
  if (names.includes(name as PatternName)) return [name as PatternName];
  throw new TypeError(`--pattern must be ${names.join(", ")} or all, not ${JSON.stringify(name)}`);
}

function numberOf(option: string, text: string | undefined, least = 1): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  const isWhole = Number.isInteger(value) || option === "minutes";
  if (isWhole && value >= least && value < 2 ** 32) return value;
  throw new TypeError(`--${option} must be a number of at least ${least}, not ${text}`);
}
