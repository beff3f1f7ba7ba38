/** What is measured, in a full run and in a quick one. */
import type { Workload } from "./types.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const SMALL_RING = MIB;
/** Holds several of the largest messages. */
const LARGE_RING = 64 * MIB;

export interface Plan {
  readonly workloads: readonly Workload[];
  readonly runs: number;
  /** Puts every run between two of the reference. */
  readonly bracketed: boolean;
  readonly mayInstall: boolean;
  /** How long a process gets to become idle before its memory or CPU is read. */
  readonly settleMs: number;
  readonly idleSeconds: number;
  readonly memoryMessages: number;
  readonly manyProcesses: number;
  readonly manyMessages: number;
  readonly starts: number;
  /** Counts the instructions of the messages in turns, which takes a minute. */
  readonly countsInstructions: boolean;
}

function sizeName(size: number): string {
  if (size >= MIB) return `${size / MIB}MiB`;
  return size >= KIB ? `${size / KIB}KiB` : `${size}B`;
}

function roundTrip(size: number, count: number): Workload {
  const id = `roundtrip/${sizeName(size)}`;
  return { id, kind: "roundtrip", size, warmup: 50_000, count, capacity: SMALL_RING };
}

function smallStream(size: number, count: number): Workload {
  const id = `throughput/${sizeName(size)}`;
  return { id, kind: "throughput", size, warmup: 200_000, count, capacity: SMALL_RING };
}

/** The warm-up goes twice round the ring, so that every page of it is there. */
function largeStream(size: number, count: number): Workload {
  const warmup = (2 * LARGE_RING) / size;
  const id = `throughput/${sizeName(size)}`;
  return { id, kind: "throughput", size, warmup, count, capacity: LARGE_RING };
}

function turns(count: number): Workload {
  const warmup = 200_000;
  return { id: "turns/64B", kind: "turns", size: 64, warmup, count, capacity: SMALL_RING };
}

function wake(count: number): Workload {
  return { id: "wake/64B", kind: "wake", size: 64, warmup: 50, count, capacity: SMALL_RING };
}

function busy(count: number): Workload {
  const warmup = 200_000;
  return { id: "busy/64B", kind: "busy", size: 64, warmup, count, capacity: SMALL_RING };
}

export function fullPlan(): Plan {
  return {
    workloads: [
      turns(5_000_000),
      roundTrip(10, 500_000),
      roundTrip(64, 500_000),
      roundTrip(KIB, 500_000),
      smallStream(64, 5_000_000),
      smallStream(KIB, 2_000_000),
      largeStream(64 * KIB, 40_000),
      largeStream(MIB, 3_000),
      largeStream(10 * MIB, 300),
      wake(1_000),
      busy(5_000_000),
    ],
    runs: 5,
    bracketed: true,
    mayInstall: true,
    settleMs: 500,
    idleSeconds: 10,
    memoryMessages: 1_000_000,
    manyProcesses: 16,
    manyMessages: 20_000,
    starts: 15,
    countsInstructions: true,
  };
}

/**
 * Fewer workloads and messages. The programs get as warm as in a full run, since the ratio of a program
 * that is not says nothing.
 */
export function quickPlan(): Plan {
  return {
    workloads: [
      turns(500_000),
      roundTrip(64, 100_000),
      smallStream(64, 1_000_000),
      largeStream(MIB, 200),
      wake(200),
      busy(500_000),
    ],
    runs: 3,
    bracketed: false,
    mayInstall: false,
    settleMs: 50,
    idleSeconds: 0.5,
    memoryMessages: 20_000,
    manyProcesses: 2,
    manyMessages: 100,
    starts: 3,
    countsInstructions: false,
  };
}

/** A plan with a share of the messages. */
export function scaled(plan: Plan, scale: number): Plan {
  const share = (messages: number) => Math.max(1, Math.round(messages * scale));
  const workloads = plan.workloads.map((workload) => ({
    ...workload,
    warmup: share(workload.warmup),
    count: share(workload.count),
  }));
  return { ...plan, workloads };
}
