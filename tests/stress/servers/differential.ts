/**
 * Random commands, carried out by every backend and by a naive model: each result, each message and each
 * delivery must be the same.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Random } from "../../support/random.ts";
import { BackendSubject, type Contents } from "./backend_subject.ts";
import { type Command, randomCommand } from "./commands.ts";
import { Listener } from "./listener.ts";
import { NaiveStore } from "./model.ts";
import type { Stage } from "./stage.ts";
import { ON_KEYS, type Subject } from "./subject.ts";
import type { OpenTarget, Target } from "./targets.ts";
import { textOf } from "./texts.ts";

/** Commands between two comparisons of what the subscriber got. */
const COMMANDS_PER_COMPARISON = 20;

const ENDS_DELIVERIES: ReadonlySet<keyof Subject> = new Set(["advance", "unsubscribe"] as const);

/** What a run has done. */
export interface DifferentialFigures {
  readonly commands: number;
  readonly deliveries: number;
}

/** Runs so many commands on a target. A test gives a model with a mistake, which must be found. */
export async function runDifferential(
  target: Target,
  random: Random,
  count: number,
  model: NaiveStore = new NaiveStore(),
): Promise<DifferentialFigures> {
  await using opened = await target.open();
  const listener = new Listener(opened.backends[0]);
  const contents: Contents = new Map();
  const subjects = opened.backends.map((backend) =>
    new BackendSubject(backend, listener, contents)
  );
  let commands = 0;
  for (let i = 0; i < count; i++) {
    const command = randomCommand(random);
    const at = random.below(subjects.length);
    if (!isPossible(opened, at, command)) continue;
    const about = `${target.name}, backend ${at}, command ${i}: ${textOf(command)}`;
    // What is on its way is not delivered after it has expired, or after its subscription has ended.
    if (ENDS_DELIVERIES.has(command.method)) await listener.compare(model.delivered, about);
    if (command.method === "advance") opened.advance!(command.args[0] as number);
    const actual = await call(subjects[at], command);
    assert.deepEqual(actual, await call(model, command), about);
    if (++commands % COMMANDS_PER_COMPARISON === 0) await listener.compare(model.delivered, about);
  }
  await listener.compare(model.delivered, `${target.name}, at the end`);
  return { commands, deliveries: model.delivered.length };
}

/** Commands of a stage of scale 1. */
const COMMANDS = 20_000;

/** The stage that compares a target. */
export function differentialStage(target: Target): Stage {
  return {
    name: `differential: ${target.name}`,
    about: "random commands, whose results and deliveries must be those of a naive model",
    run: async ({ random, scale }) => ({
      ...await runDifferential(target, random, Math.ceil(COMMANDS * scale)),
    }),
  };
}

/** Not every backend has keys, and not every clock can be advanced. */
function isPossible(opened: OpenTarget, at: number, { method, args }: Command): boolean {
  if (ON_KEYS.has(method)) return opened.backends[at].get !== undefined;
  const needsClock = method === "advance" || method === "store" && args[3] !== undefined;
  return !needsClock || opened.advance !== undefined;
}

function call(subject: Subject, { method, args }: Command): unknown {
  return (subject[method] as (...args: readonly unknown[]) => unknown).apply(subject, [...args]);
}
