/** The workloads and their contestants. */
import type { Absent } from "./charts/report.ts";
import type { PeerName } from "./peers/task.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** A workload. Every contestant of it does exactly the same. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly explanation: string;
  readonly kind: "roundtrip" | "wake" | "throughput";
  readonly size: number;
  /** Bytes that may be in flight. */
  readonly capacity: number;
  readonly isObjects: boolean;
  readonly contestants: readonly Contestant[];
}

/** A way to pass messages. */
export interface Contestant {
  readonly name: string;
  readonly isOurs: boolean;
  readonly peer: PeerName;
  readonly mode: string;
  /** The contestants of one group share processes, which run no others. */
  readonly group: string;
  /** Permissions that it needs. */
  readonly needs: readonly Need[];
}

/** A permission. */
export type Need = "ffi" | "net";

function ringbus(name: string, mode: string): Contestant {
  const group = `ringbus ${mode === "objects" ? "objects" : "bytes"}`;
  return { name, isOurs: true, peer: "ringbus", mode, group, needs: ["ffi"] };
}

function local(name: string, mode: string): Contestant {
  const group = `local ${mode === "objects" ? "objects" : "bytes"}`;
  return { name, isOurs: true, peer: "ringbus local", mode, group, needs: [] };
}

const BETWEEN_PROCESSES = ringbus("Ringbus, processes", "into");
const BETWEEN_WORKERS = local("Ringbus, workers", "into");
const AWAITED: Contestant = {
  ...ringbus("Ringbus, processes, await recv", "into"),
  peer: "ringbus async",
};

const POST_MESSAGE: Contestant = {
  name: "Worker postMessage",
  isOurs: false,
  peer: "worker",
  mode: "",
  group: "worker",
  needs: [],
};

function socket(name: string, mode: "unix" | "tcp"): Contestant {
  return { name, isOurs: false, peer: "socket", mode, group: "socket", needs: ["net"] };
}

/** The runtime's own means. The first is the reference. */
const RUNTIME = [socket("Unix socket", "unix"), socket("TCP, loopback", "tcp"), POST_MESSAGE];
const RUNTIME_OBJECTS = [
  socket("Unix socket, JSON", "unix"),
  socket("TCP, loopback, JSON", "tcp"),
  POST_MESSAGE,
];

const SMALL = { size: 64, capacity: MIB, isObjects: false } as const;

function throughput(title: string, size: number, capacity: number, ours: Contestant[]): Workload {
  return {
    id: `throughput/${title.replace(" ", "")}`,
    title: `Throughput, ${title}`,
    explanation: "One way, as fast as possible, from the first send to the last receive.",
    kind: "throughput",
    size,
    capacity,
    isObjects: false,
    contestants: [...ours, ...RUNTIME],
  };
}

const BOTH = [BETWEEN_PROCESSES, BETWEEN_WORKERS];

/** All workloads, in the order in which they are shown. */
export const WORKLOADS: readonly Workload[] = [
  {
    ...SMALL,
    id: "roundtrip/64B",
    title: "Round trip, 64 B",
    explanation: "A message and its reply, one at a time, both sides awake.",
    kind: "roundtrip",
    contestants: [...BOTH, ...RUNTIME],
  },
  {
    ...SMALL,
    id: "wake/64B",
    title: "One way to a sleeping receiver, 64 B",
    explanation: "One message a millisecond, to a receiver that sleeps.",
    kind: "wake",
    contestants: [BETWEEN_PROCESSES, AWAITED, BETWEEN_WORKERS, ...RUNTIME],
  },
  throughput("64 B", 64, MIB, BOTH),
  throughput("4 KiB", 4 * KIB, 4 * MIB, BOTH),
  throughput("1 MiB", MIB, 16 * MIB, [
    ...BOTH,
    ringbus("Ringbus, processes, loan and recvView", "loan"),
  ]),
  {
    ...SMALL,
    id: "throughput/objects",
    title: "Throughput, small objects",
    explanation: "One way, objects of a text and three numbers: with the default codec, as JSON, " +
      "or as the runtime clones them.",
    kind: "throughput",
    isObjects: true,
    contestants: [
      ringbus("Ringbus, processes", "objects"),
      local("Ringbus, workers", "objects"),
      ...RUNTIME_OBJECTS,
    ],
  },
];

/** Programs that are compared elsewhere, and where. */
export const ELSEWHERE: readonly Absent[] = [
  {
    name: "a ring in C, libzmq, zeromq.js",
    reason: "they need a compiler and packages: run `deno task bench` in the repository",
  },
  {
    name: "Redis streams, BullMQ",
    reason: "they need redis-server and packages: run `deno task bench:queue` in the repository",
  },
  {
    name: "redis-server, Python servers",
    reason: "they need these programs: run `deno task bench:servers` in the repository",
  },
];
