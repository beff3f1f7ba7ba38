/** Who takes part in which kind of workload. The first of each list is the reference. */
import {
  cRing,
  denoSocket,
  denoWorker,
  libzmq,
  redis,
  ringbusAsync,
  ringbusSync,
  zeromqJs,
} from "./peers.ts";
import type { Contestant, Workload } from "./types.ts";

/** From this size on a transport is bound by memory, and the slow peers are not that slow. */
const LARGE = 64 * 1024;

export const NAMES = {
  cSpin: "C ring",
  cFutex: "C ring, futex",
  libzmq: "libzmq in C, ipc",
  zeromqJs: "zeromq.js on Node, ipc",
  worker: "Deno Worker postMessage",
  unix: "Deno Unix socket",
  tcp: "Deno TCP, loopback",
  redis: "Redis publish/subscribe",
  ours: "Ringbus send, recvIntoSync",
  oursArray: "Ringbus send, recvSync",
  oursBatch: "Ringbus sendMany, drain",
  oursPacked: "Ringbus sendMany packed, readMany",
  oursLoan: "Ringbus loan, recvView",
  oursObjects: "Ringbus objects, default codec",
  oursAsync: "Ringbus send, await recv",
} as const;

function contestant(label: string, peer: Contestant["peer"], mode: string, pace = 1): Contestant {
  return { label, peer, mode, pace };
}

const cSpin = contestant(NAMES.cSpin, cRing, "spin");
const cFutex = contestant(NAMES.cFutex, cRing, "futex");
const ours = contestant(NAMES.ours, ringbusSync, "into");

function others(zmqPace: number, slowPace: number): Contestant[] {
  return [
    contestant(NAMES.libzmq, libzmq, "-", zmqPace),
    contestant(NAMES.zeromqJs, zeromqJs, "-", slowPace),
    contestant(NAMES.worker, denoWorker, "-", slowPace),
    contestant(NAMES.unix, denoSocket, "unix", slowPace),
    contestant(NAMES.tcp, denoSocket, "tcp", slowPace),
    contestant(NAMES.redis, redis, "-", slowPace / 2),
  ];
}

function streams({ size }: Workload): Contestant[] {
  const array = contestant(NAMES.oursArray, ringbusSync, "array");
  const loan = contestant(NAMES.oursLoan, ringbusSync, "loan");
  if (size >= LARGE) return [cSpin, ours, array, loan, ...others(0.3, 0.15)];
  const batch = contestant(NAMES.oursBatch, ringbusSync, "batch");
  const packed = contestant(NAMES.oursPacked, ringbusSync, "packed");
  const objects = contestant(NAMES.oursObjects, ringbusSync, "objects", 0.2);
  return [
    cSpin,
    ours,
    array,
    batch,
    packed,
    ...(size === 64 ? [objects] : []),
    ...others(0.3, 0.03),
  ];
}

export function contestantsOf(workload: Workload): Contestant[] {
  switch (workload.kind) {
    case "roundtrip":
      return [cSpin, ours, ...others(0.04, 0.03)];
    case "throughput":
      return streams(workload);
    case "turns":
      return [
        cSpin,
        ours,
        contestant(NAMES.oursArray, ringbusSync, "array", 0.2),
        contestant(NAMES.oursBatch, ringbusSync, "batch"),
        contestant(NAMES.oursPacked, ringbusSync, "packed"),
        contestant(NAMES.oursObjects, ringbusSync, "objects", 0.2),
      ];
    case "wake":
      return [
        cFutex,
        contestant(NAMES.ours, ringbusSync, "into"),
        contestant(NAMES.unix, denoSocket, "unix"),
        contestant(NAMES.oursAsync, ringbusAsync, "-"),
      ];
    case "busy":
      return [cSpin, cFutex, ours];
  }
}
