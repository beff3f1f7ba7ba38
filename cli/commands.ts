/**
 * All subcommands: a line about each, and where it is. A subcommand is loaded when it is called, so
 * that who lists channels does not load a server.
 *
 * @module
 */

import type { Command } from "./command.ts";

/** A subcommand that may not be loaded yet. */
export interface CommandEntry {
  /** What it does, in one line; without one the help does not name it. */
  readonly summary?: string;
  /** Loads it. */
  load(): Promise<{ command: Command }>;
}

/** The subcommands, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  serve: { summary: "serve messages over HTTP and TCP", load: () => import("./commands/serve.ts") },
  pub: { summary: "publish values to a channel", load: () => import("./commands/pub.ts") },
  sub: { summary: "print what is published", load: () => import("./commands/sub.ts") },
  push: { summary: "push values into a queue", load: () => import("./commands/push.ts") },
  pull: { summary: "take messages from a queue", load: () => import("./commands/pull.ts") },
  req: { summary: "send requests, print the replies", load: () => import("./commands/req.ts") },
  rep: { summary: "answer requests with a command", load: () => import("./commands/rep.ts") },
  ls: { summary: "list the channels", load: () => import("./commands/ls.ts") },
  stat: { summary: "describe a channel", load: () => import("./commands/stat.ts") },
  top: { summary: "watch all channels", load: () => import("./commands/top.ts") },
  tail: {
    summary: "print messages without taking them",
    load: () => import("./commands/tail.ts"),
  },
  record: { summary: "write a channel to a file", load: () => import("./commands/record.ts") },
  replay: { summary: "send what a file has recorded", load: () => import("./commands/replay.ts") },
  inspect: {
    summary: "look through a segment's file, whole or damaged",
    load: () => import("./commands/inspect.ts"),
  },
  clean: { summary: "delete what nobody uses", load: () => import("./commands/clean.ts") },
  doctor: {
    summary: "look whether all is well on this machine",
    load: () => import("./commands/doctor.ts"),
  },
  bench: {
    summary: "measure messages on this machine",
    load: () => import("./commands/bench.ts"),
  },
  "bench-peer": { load: () => import("./commands/bench_peer.ts") },
  "doctor-peer": { load: () => import("./commands/doctor_peer.ts") },
};
