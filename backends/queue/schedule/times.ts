/**
 * The times of a schedule.
 *
 * @module
 */

import { cronLibrary } from "./cron_library.ts";
import type { StoredRule } from "./rule.ts";
import { formatValue } from "../../../lib/base/options.ts";
import { messageOf } from "../../../lib/base/thrown.ts";

/** The first time of a rule after another time. Null if there is none any more. */
export async function timeAfter(rule: StoredRule, afterMs: number): Promise<number | null> {
  const { startMs = -Infinity, endMs = Infinity } = rule;
  const fromMs = Math.max(afterMs, startMs - 1);
  const nextMs = rule.cron === undefined ? intervalAfter(rule, fromMs) : await cronAfter(
    rule.cron,
    rule.timeZone ?? "UTC",
    fromMs,
  );
  return nextMs === null || nextMs > endMs ? null : nextMs;
}

function intervalAfter({ everyMs, startMs, anchorMs }: StoredRule, afterMs: number): number {
  const firstMs = startMs ?? anchorMs!;
  if (afterMs < firstMs) return firstMs;
  return firstMs + (Math.floor((afterMs - firstMs) / everyMs!) + 1) * everyMs!;
}

async function cronAfter(
  expression: string,
  timezone: string,
  afterMs: number,
): Promise<number | null> {
  const { Cron } = await cronLibrary();
  try {
    const cron = new Cron(expression, { timezone, mode: "5-or-6-parts", paused: true });
    return cron.nextRun(new Date(afterMs))?.getTime() ?? null;
  } catch (cause) {
    throw new TypeError(
      `cron must be an expression of five or six fields, such as "0 9 * * 1-5", ` +
        `not ${formatValue(expression)}: ${messageOf(cause)}`,
      { cause },
    );
  }
}
