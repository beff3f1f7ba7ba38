/** Ringbus with the calls that block their thread. The mode names one of the streams. */
import { pluralize } from "../../../lib/base/pluralize.ts";
import { type FindChannel, rawPuller, rawPusher } from "./ringbus_channel.ts";
import { STREAMS } from "./ringbus_streams.ts";
import type { Host, Task } from "./roles.js";

const BEAT_MS = 1;

/** A task in one of its modes. */
export interface SyncTask extends Task {
  readonly mode: string;
}

function pong(task: SyncTask, find: FindChannel, { say }: Host): void {
  using receiver = rawPuller(find(".there"));
  using sender = rawPusher(find(".back"));
  const message = new Uint8Array(task.size);
  say({ event: "ready" });
  for (let i = 0; i < task.warmup + task.count; i++) {
    receiver.recvIntoSync(message);
    sender.sendSync(message);
  }
}

function ping(
  task: SyncTask,
  find: FindChannel,
  { clock, saveLatencies }: Host,
): void {
  using sender = rawPusher(find(".there"));
  using receiver = rawPuller(find(".back"));
  const message = new Uint8Array(task.size).fill(1);
  const latencies = new Float64Array(task.count);
  let before = clock();
  for (let i = -task.warmup; i < task.count; i++) {
    sender.sendSync(message);
    receiver.recvIntoSync(message);
    const after = clock();
    if (i >= 0) latencies[i] = after - before;
    before = after;
  }
  saveLatencies(latencies);
}

function receive(task: SyncTask, find: FindChannel, { clock, say }: Host): void {
  using receiver = STREAMS[task.mode].openReceiver(find(""), task.size);
  say({ event: "ready" });
  const early = receiver.run(task.warmup);
  say({ event: "warm" });
  const late = receiver.run(task.count);
  say({ event: "end", endNs: clock(), wrong: early + late });
}

function send(task: SyncTask, find: FindChannel, { clock, say, waitForGo }: Host): void {
  using sender = STREAMS[task.mode].openSender(find(""), task.size);
  sender.run(task.warmup);
  waitForGo();
  const startNs = clock();
  sender.run(task.count);
  say({ startNs });
  waitForGo();
}

/** Messages between two readings of the clock. */
const TURNS_CHUNK = 10_000;
/** In one thread a batch is sent and received by turns; anything else one by one. */
const TURN_MESSAGES: Record<string, number> = { batch: 250, packed: 250 };

/** Both sides in one thread. */
function turns(task: SyncTask, find: FindChannel, { clock, saveLatencies }: Host): void {
  using sender = STREAMS[task.mode].openSender(find(""), task.size);
  using receiver = STREAMS[task.mode].openReceiver(find(""), task.size);
  const each = TURN_MESSAGES[task.mode] ?? 1;
  let wrong = 0;
  const run = (count: number) => {
    for (let done = 0; done < count; done += each) {
      sender.run(each);
      wrong += receiver.run(each);
    }
  };
  run(task.warmup);
  const latencies = new Float64Array(Math.ceil(task.count / TURNS_CHUNK));
  for (let chunk = 0; chunk < latencies.length; chunk++) {
    const before = clock();
    run(TURNS_CHUNK);
    latencies[chunk] = (clock() - before) / TURNS_CHUNK;
  }
  if (wrong !== 0) throw new Error(`${pluralize(wrong, "message")} did not arrive as sent`);
  saveLatencies(latencies);
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Sends its clock at every beat, so that the receiver sleeps each time. */
function beat(task: SyncTask, find: FindChannel, { clock }: Host): void {
  using sender = rawPusher(find(""));
  const message = new Uint8Array(task.size);
  const timestamp = new DataView(message.buffer);
  for (let i = 0; i < task.warmup + task.count; i++) {
    sleepSync(BEAT_MS);
    timestamp.setFloat64(0, clock(), true);
    sender.send(message);
  }
}

function wake(
  task: SyncTask,
  find: FindChannel,
  { clock, say, saveLatencies }: Host,
): void {
  using receiver = rawPuller(find(""));
  const message = new Uint8Array(task.size);
  const timestamp = new DataView(message.buffer);
  const latencies = new Float64Array(task.count);
  say({ event: "ready" });
  for (let i = -task.warmup; i < task.count; i++) {
    receiver.recvIntoSync(message);
    const latency = clock() - timestamp.getFloat64(0, true);
    if (i >= 0) latencies[i] = latency;
  }
  saveLatencies(latencies);
}

const ROLES: Record<string, (task: SyncTask, find: FindChannel, host: Host) => void> = {
  ping,
  pong,
  send,
  receive,
  turns,
  beat,
  wake,
};

/** Plays a role. The host's `go` must block. */
export function playSync(task: SyncTask, find: FindChannel, host: Host): void {
  ROLES[task.role](task, find, host);
}
