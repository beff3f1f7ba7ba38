/** Ringbus with the calls that block their thread. The mode is one of the streams. */
import { Puller, Pusher } from "../../mod.ts";
import { dieWithHarness, nowNs } from "./clock.ts";
import { placeOf } from "./ringbus_channel.ts";
import { STREAMS } from "./ringbus_streams.ts";
import { awaitGo, say } from "./shared/control.js";
import { writeLatencies } from "./shared/latencies.js";
import { readTask, type Task } from "./shared/task.js";

const BEAT_MS = 1;

function pusherOf(task: Task, suffix = ""): Pusher<Uint8Array> {
  const { name, options } = placeOf(task, "raw", suffix);
  return new Pusher<Uint8Array>(name, options);
}

function pullerOf(task: Task, suffix = ""): Puller<Uint8Array> {
  const { name, options } = placeOf(task, "raw", suffix);
  return new Puller<Uint8Array>(name, options);
}

function pong(task: Task): void {
  using incoming = pullerOf(task, ".there");
  using outgoing = pusherOf(task, ".back");
  const message = new Uint8Array(task.size);
  say({ event: "ready" });
  for (let i = 0; i < task.warmup + task.count; i++) {
    incoming.recvIntoSync(message);
    outgoing.sendSync(message);
  }
}

function ping(task: Task): void {
  using outgoing = pusherOf(task, ".there");
  using incoming = pullerOf(task, ".back");
  const message = new Uint8Array(task.size).fill(1);
  const latencies = new Float64Array(task.count);
  let before = nowNs();
  for (let i = -task.warmup; i < task.count; i++) {
    outgoing.sendSync(message);
    incoming.recvIntoSync(message);
    const after = nowNs();
    if (i >= 0) latencies[i] = after - before;
    before = after;
  }
  writeLatencies(task.out, latencies);
}

function receive(task: Task): void {
  const run = STREAMS[task.mode].openReceiver(task);
  say({ event: "ready" });
  const early = run(task.warmup);
  say({ event: "warm" });
  const late = run(task.count);
  say({ event: "end", endNs: nowNs(), wrong: early + late });
}

function send(task: Task): void {
  const run = STREAMS[task.mode].openSender(task);
  run(task.warmup);
  awaitGo();
  const startNs = nowNs();
  run(task.count);
  say({ startNs });
  awaitGo();
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Sends its own clock once a beat, so that the receiver has long been asleep each time. */
function beat(task: Task): void {
  using outgoing = pusherOf(task);
  const message = new Uint8Array(task.size);
  const stamp = new DataView(message.buffer);
  for (let i = 0; i < task.warmup + task.count; i++) {
    sleepSync(BEAT_MS);
    stamp.setFloat64(0, nowNs(), true);
    outgoing.send(message);
  }
}

function wake(task: Task): void {
  using incoming = pullerOf(task);
  const message = new Uint8Array(task.size);
  const stamp = new DataView(message.buffer);
  const latencies = new Float64Array(task.count);
  say({ event: "ready" });
  for (let i = -task.warmup; i < task.count; i++) {
    incoming.recvIntoSync(message);
    const latency = nowNs() - stamp.getFloat64(0, true);
    if (i >= 0) latencies[i] = latency;
  }
  writeLatencies(task.out, latencies);
}

const ROLES: Record<string, (task: Task) => void> = { ping, pong, send, receive, beat, wake };

dieWithHarness();
const task = readTask();
ROLES[task.role](task);
