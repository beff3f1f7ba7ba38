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

/** Subcommands whose first word is the same. */
export interface CommandGroup {
  /** What they do, in one line. */
  readonly summary: string;
  /** The subcommands by their second words. */
  readonly commands: Readonly<Record<string, CommandEntry>>;
}

/** The subcommands of `ringbus queue`. */
const QUEUE_COMMANDS: Readonly<Record<string, CommandEntry>> = {
  ls: { summary: "list the channels", load: () => import("./commands/queue/ls.ts") },
  stat: { summary: "describe a channel", load: () => import("./commands/queue/stat.ts") },
  peek: {
    summary: "print messages without taking them",
    load: () => import("./commands/queue/peek.ts"),
  },
  publish: { summary: "publish values", load: () => import("./commands/queue/publish.ts") },
  pull: { summary: "take and print messages", load: () => import("./commands/queue/pull.ts") },
  dead: { summary: "print dead letters", load: () => import("./commands/queue/dead.ts") },
  requeue: {
    summary: "deliver dead letters again",
    load: () => import("./commands/queue/requeue.ts"),
  },
  purge: { summary: "remove messages", load: () => import("./commands/queue/purge.ts") },
  pause: { summary: "end the delivery", load: () => import("./commands/queue/pause.ts") },
  resume: { summary: "continue the delivery", load: () => import("./commands/queue/resume.ts") },
  schedule: {
    summary: "list, set and remove schedules",
    load: () => import("./commands/queue/schedule.ts"),
  },
};

/** The subcommands of `ringbus topics`. */
const TOPIC_COMMANDS: Readonly<Record<string, CommandEntry>> = {
  ls: { summary: "list the topics", load: () => import("./commands/topics/ls.ts") },
  get: { summary: "print messages", load: () => import("./commands/topics/get.ts") },
  pub: { summary: "publish values", load: () => import("./commands/topics/pub.ts") },
  sub: { summary: "print what comes", load: () => import("./commands/topics/sub.ts") },
  rm: { summary: "delete a topic", load: () => import("./commands/topics/rm.ts") },
};

/** The subcommands of `ringbus keys`. */
const KEY_COMMANDS: Readonly<Record<string, CommandEntry>> = {
  ls: { summary: "list the keys", load: () => import("./commands/keys/ls.ts") },
  get: { summary: "print values", load: () => import("./commands/keys/get.ts") },
  set: { summary: "set a key", load: () => import("./commands/keys/set.ts") },
  rm: { summary: "delete keys", load: () => import("./commands/keys/rm.ts") },
};

/** The subcommands of `ringbus state`. */
const STATE_COMMANDS: Readonly<Record<string, CommandEntry>> = {
  ls: { summary: "list the threads", load: () => import("./commands/state/ls.ts") },
  get: { summary: "print the slots of a thread", load: () => import("./commands/state/get.ts") },
  chains: { summary: "list the registry", load: () => import("./commands/state/chains.ts") },
  rm: { summary: "delete a thread", load: () => import("./commands/state/rm.ts") },
};

/** The subcommands, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry | CommandGroup>> = {
  serve: { summary: "serve messages over HTTP and TCP", load: () => import("./commands/serve.ts") },
  dashboard: {
    summary: "show this machine in a browser",
    load: () => import("./commands/dashboard.ts"),
  },
  pub: { summary: "publish values to a channel", load: () => import("./commands/pub.ts") },
  sub: { summary: "print published values", load: () => import("./commands/sub.ts") },
  push: { summary: "push values into a queue", load: () => import("./commands/push.ts") },
  pull: { summary: "take messages from a queue", load: () => import("./commands/pull.ts") },
  req: { summary: "send requests, print the replies", load: () => import("./commands/req.ts") },
  rep: { summary: "reply to requests with a command", load: () => import("./commands/rep.ts") },
  get: { summary: "print latest values", load: () => import("./commands/get.ts") },
  set: { summary: "set a latest value", load: () => import("./commands/set.ts") },
  watch: {
    summary: "print latest values as they change",
    load: () => import("./commands/watch.ts"),
  },
  queue: { summary: "work on a message queue", commands: QUEUE_COMMANDS },
  topics: { summary: "work on the topics of a server", commands: TOPIC_COMMANDS },
  keys: { summary: "work on the keys of a server", commands: KEY_COMMANDS },
  state: { summary: "work on shared state", commands: STATE_COMMANDS },
  ls: { summary: "list the channels", load: () => import("./commands/ls.ts") },
  stat: { summary: "describe a channel", load: () => import("./commands/stat.ts") },
  who: { summary: "list who is on the channels", load: () => import("./commands/who.ts") },
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
  rm: { summary: "delete channels", load: () => import("./commands/rm.ts") },
  clean: { summary: "delete what no process uses", load: () => import("./commands/clean.ts") },
  doctor: {
    summary: "check this machine for problems",
    load: () => import("./commands/doctor.ts"),
  },
  bench: {
    summary: "measure messages on this machine",
    load: () => import("./commands/bench.ts"),
  },
  completion: {
    summary: "complete command lines in a shell",
    load: () => import("./commands/completion.ts"),
  },
  version: {
    summary: "print the versions of Ringbus and Deno",
    load: () => import("./commands/version.ts"),
  },
  "bench-peer": { load: () => import("./commands/bench_peer.ts") },
  "doctor-peer": { load: () => import("./commands/doctor_peer.ts") },
};

/** All subcommands by what is written for them, such as `queue ls`. */
export function allCommands(): Record<string, CommandEntry> {
  const all = Object.entries(COMMANDS).flatMap(([name, entry]) =>
    "commands" in entry
      ? Object.entries(entry.commands).map(([word, own]) => [`${name} ${word}`, own] as const)
      : [[name, entry] as const]
  );
  return Object.fromEntries(all);
}
