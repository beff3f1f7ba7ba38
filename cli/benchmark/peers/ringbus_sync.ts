/** Ringbus with the calls that block their thread. The mode is one of the streams. */
import { type FindPlace, rawPuller, rawPusher } from "./ringbus_channel.ts";
import { STREAMS } from "./ringbus_streams.ts";
import type { Host, Task } from "./roles.js";

const BEAT_MS = 1;

/** A task in one of its modes. */
export interface SyncTask extends Task {
  readonly mode: string;
}

function pong(task: SyncTask, find: FindPlace, { say }: Host): void {
  using incoming = rawPuller(find(".there"));
  using outgoing = rawPusher(find(".back"));
  const message = new Uint8Array(task.size);
  say({ event: "ready" });
  for (let i = 0; i < task.warmup + task.count; i++) {
    incoming.recvIntoSync(message);
    outgoing.sendSync(message);
  }
}

function ping(task: SyncTask, find: FindPlace, { clock, keep }: Host): void {
  using outgoing = rawPusher(find(".there"));
  using incoming = rawPuller(find(".back"));
  const message = new Uint8Array(task.size).fill(1);
  const latencies = new Float64Array(task.count);
  let before = clock();
  for (let i = -task.warmup; i < task.count; i++) {
    outgoing.sendSync(message);
    incoming.recvIntoSync(message);
    const after = clock();
    if (i >= 0) latencies[i] = after - before;
    before = after;
  }
  keep(latencies);
}

function receive(task: SyncTask, find: FindPlace, { clock, say }: Host): void {
  using receiver = STREAMS[task.mode].openReceiver(find(""), task.size);
  say({ event: "ready" });
  const early = receiver.run(task.warmup);
  say({ event: "warm" });
  const late = receiver.run(task.count);
  say({ event: "end", endNs: clock(), wrong: early + late });
}

function send(task: SyncTask, find: FindPlace, { clock, say, go }: Host): void {
  using sender = STREAMS[task.mode].openSender(find(""), task.size);
  sender.run(task.warmup);
  go();
  const startNs = clock();
  sender.run(task.count);
  say({ startNs });
  go();
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Sends its own clock once a beat, so that the receiver has long been asleep each time. */
function beat(task: SyncTask, find: FindPlace, { clock }: Host): void {
  using outgoing = rawPusher(find(""));
  const message = new Uint8Array(task.size);
  const stamp = new DataView(message.buffer);
  for (let i = 0; i < task.warmup + task.count; i++) {
    sleepSync(BEAT_MS);
    stamp.setFloat64(0, clock(), true);
    outgoing.send(message);
  }
}

function wake(task: SyncTask, find: FindPlace, { clock, say, keep }: Host): void {
  using incoming = rawPuller(find(""));
  const message = new Uint8Array(task.size);
  const stamp = new DataView(message.buffer);
  const latencies = new Float64Array(task.count);
  say({ event: "ready" });
  for (let i = -task.warmup; i < task.count; i++) {
    incoming.recvIntoSync(message);
    const latency = clock() - stamp.getFloat64(0, true);
    if (i >= 0) latencies[i] = latency;
  }
  keep(latencies);
}

const ROLES: Record<string, (task: SyncTask, find: FindPlace, host: Host) => void> = {
  ping,
  pong,
  send,
  receive,
  beat,
  wake,
};

/** Plays a role; the host's `go` has to block. */
export function playSync(task: SyncTask, find: FindPlace, host: Host): void {
  ROLES[task.role](task, find, host);
}
