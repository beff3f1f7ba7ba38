/** Many publishers and many subscribers on one channel, each a process of its own. */
import { join } from "node:path";
import { Child, type Facts } from "./child.ts";
import type { Many } from "./results.ts";
import type { Launch } from "./types.ts";

async function ready(children: Child[], launch: Launch, args: string[]): Promise<void> {
  const child = new Child(launch, args);
  children.push(child);
  await child.event("ready");
}

function summarize(reports: Facts[], processes: number, messages: number): Many {
  const sent = processes * messages;
  const received = reports.map((facts) => facts["received"]);
  const accounted = reports.map((facts) => facts["received"] + facts["missed"]);
  return {
    publishers: processes,
    subscribers: processes,
    unaccounted: accounted.reduce((sum, each) => sum + Math.abs(sent - each), 0),
    fairness: Math.min(...received) / Math.max(...received, 1),
    arrived: received.reduce((sum, each) => sum + each, 0) / (sent * processes),
  };
}

export async function manyToMany(
  scratch: string,
  launch: Launch,
  processes: number,
  messages: number,
): Promise<Many> {
  const folder = join(scratch, "many");
  await Deno.mkdir(folder);
  const subscribers: Child[] = [];
  const publishers: Child[] = [];
  try {
    const args = [folder, String(processes), String(messages)];
    for (let i = 0; i < processes; i++) await ready(subscribers, launch, ["subscribe", ...args]);
    for (let i = 0; i < processes; i++) await ready(publishers, launch, ["publish", ...args]);
    for (const publisher of publishers) await publisher.resume();
    await Promise.all(publishers.map(({ finished }) => finished));
    const reports = await Promise.all(subscribers.map(({ finished }) => finished));
    return summarize(reports, processes, messages);
  } finally {
    for (const child of [...subscribers, ...publishers]) await child[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}
