/**
 * Our clients against servers that close, reset, stay silent or reply with noise, in a process of their
 * own: each call ends within its deadline, with an error of Ringbus, and nothing ends the process.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ROOT, Running } from "../../support/program.ts";
import type { CallReport } from "./client_process.ts";
import { type ClientKind, CLIENTS } from "./clients.ts";
import type { Stage } from "./stage.ts";

/** Beyond a call's deadline: these machines are slow at times. */
const GRACE_MS = 30_000;
/** With a longer deadline, the calls to a silent server take minutes. */
const MAX_DEADLINE_IN_TESTS_MS = 5000;
/** Calls to one client. */
const MOST_CALLS = 8;
const PROGRAM = "tests/stress/servers/client_process.ts";

async function run(kind: ClientKind): Promise<Record<string, number>> {
  const args = ["run", "--quiet", "--no-prompt", "-A", PROGRAM, JSON.stringify([kind.name])];
  await using program = new Running(PROGRAM, Deno.execPath(), [...args, String(GRACE_MS)], {
    cwd: ROOT,
    deadlineMs: MOST_CALLS * (kind.deadlineMs + GRACE_MS),
  });
  const lines = await program.lines();
  const parsed = lines.filter((line) => /^["{]/.test(line)).map((line) => JSON.parse(line));
  assert.equal(parsed.pop(), "lived", program.output);
  const reports = parsed as CallReport[];
  const wrong = reports.filter(({ outcome }) => outcome === "late" || outcome === "foreign error");
  assert.deepEqual(wrong, []);
  const count = (wanted: CallReport["outcome"]) =>
    reports.filter(({ outcome }) => outcome === wanted).length;
  return { calls: reports.length, rejected: count("rejected") };
}

/** The stage of one client. */
export function hostileServersStage(kind: ClientKind): Stage {
  return {
    name: `hostile servers: ${kind.name}`,
    about: "a client whose server closes, resets, stays silent or replies with noise",
    isSlow: kind.deadlineMs > MAX_DEADLINE_IN_TESTS_MS,
    run: () => run(kind),
  };
}

/** One stage for each client. */
export const HOSTILE_SERVERS: readonly Stage[] = CLIENTS.map(hostileServersStage);
