/**
 * Printing who comes and goes, as it happens.
 *
 * @module
 */

import { glob } from "../../lib/base/glob.ts";
import { watchChannels } from "../../lib/observe/channel.ts";
import type { ChannelEvent } from "../../lib/observe/channel_events.ts";
import type { Output, Style } from "../output.ts";

/** Prints what is there and each change on the channels that match one of the patterns. */
export async function printPresence(
  output: Output,
  patterns: readonly string[],
  limit: number,
  signal: AbortSignal,
): Promise<void> {
  const matches = patterns.map((pattern) => glob(pattern));
  let count = 0;
  for await (const event of watchChannels({ signal })) {
    if (matches.length > 0 && !matches.some((match) => match(event.channel))) continue;
    if (output.isJson) output.json({ at: new Date(), ...event });
    else output.print(eventLine(output, event));
    if (!await output.flush(signal) || ++count >= limit) return;
  }
}

/** The width of the longest type. */
const TYPE_WIDTH = "collected".length;

function eventLine(output: Output, event: ChannelEvent): string {
  const time = new Date().toTimeString().slice(0, "hh:mm:ss".length);
  const type = output.paint(STYLES[event.type], event.type.padEnd(TYPE_WIDTH));
  const what = "pid" in event ? [event.role, event.label ?? "-", `pid ${event.pid}`] : [event.kind];
  return [output.paint("dim", time), type, event.channel, ...what].join("  ");
}

const STYLES: Record<ChannelEvent["type"], Style> = {
  created: "dim",
  replaced: "yellow",
  removed: "dim",
  collected: "yellow",
  joined: "green",
  left: "dim",
  died: "red",
};
