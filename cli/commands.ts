/**
 * All subcommands: a summary and the module of each. A subcommand is loaded when it is called, so that
 * `ls` does not load a server.
 *
 * @module
 */

import type { Command } from "./command.ts";

/** A subcommand that may not be loaded yet. */
export interface CommandEntry {
  /** What it does, in one line. The help omits a subcommand without a summary. */
  readonly summary?: string;
  /** Loads it. */
  load(): Promise<{ command: Command }>;
}

/** The subcommands, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  serve: { summary: "serve messages over HTTP and TCP", load: () => import("./commands/serve.ts") },
  pub: { summary: "publish values to a channel", load: () => import("./commands/pub.ts") },
  sub: { summary: "print published values", load: () => import("./commands/sub.ts") },
  push: { summary: "push values into a queue", load: () => import("./commands/push.ts") },
  pull: { summary: "take messages from a queue", load: () => import("./commands/pull.ts") },
  req: { summary: "send requests, print the replies", load: () => import("./commands/req.ts") },
  rep: { summary: "reply to requests with a command", load: () => import("./commands/rep.ts") },
  ls: { summary: "list the channels", load: () => import("./commands/ls.ts") },
  stat: { summary: "describe a channel", load: () => import("./commands/stat.ts") },
  top: { summary: "watch all channels", load: () => import("./commands/top.ts") },
  tail: {
    summary: "print messages without taking them",
    load: () => import("./commands/tail.ts"),
  },
  record: { summary: "write a channel to a file", load: () => import("./commands/record.ts") },
  replay: {
    summary: "send the messages of a recording",
    load: () => import("./commands/replay.ts"),
  },
  inspect: {
    summary: "examine the file of a segment, also a damaged one",
    load: () => import("./commands/inspect.ts"),
  },
  clean: { summary: "delete what no process uses", load: () => import("./commands/clean.ts") },
  doctor: {
    summary: "check this machine for problems",
    load: () => import("./commands/doctor.ts"),
  },
  bench: {
    summary: "measure messages on this machine",
    load: () => import("./commands/bench.ts"),
  },
  "bench-peer": { load: () => import("./commands/bench_peer.ts") },
  "doctor-peer": { load: () => import("./commands/doctor_peer.ts") },
};
