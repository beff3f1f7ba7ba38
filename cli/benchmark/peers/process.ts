/** A process that runs one task after the other, until its input ends. */
import { LocalChannel } from "../../../mod.ts";
import { endWithParent, hasSharedClock } from "./clock.ts";
import { PeerWorker } from "./peer_worker.ts";
import { openRingbus } from "./ringbus_connection.ts";
import type { FindChannel } from "./ringbus_channel.ts";
import { playSync } from "./ringbus_sync.ts";
import { type Host, play } from "./roles.js";
import { asJson, asObjects } from "./small_object.ts";
import { openSocket } from "./socket_connection.ts";
import { readLine, standardHost } from "./standard_host.ts";
import { PARTNERS, type PeerName, type PeerTask } from "./task.ts";

/** Runs one task. */
type Play = (task: PeerTask, host: Host, worker: () => Promise<PeerWorker>) => Promise<void>;

function channelsOf({ address, capacity }: PeerTask): FindChannel {
  return (suffix) => ({ channel: address + suffix, options: { capacityBytes: capacity } });
}

async function playSocket(task: PeerTask, host: Host): Promise<void> {
  const connection = await openSocket(task, host);
  await play(task.isObjects ? asObjects(asJson(connection), task.size) : connection, task, host);
}

/** Plays both roles: its own in this thread, the partner's in a worker. */
async function playLocal(task: PeerTask, host: Host, worker: () => Promise<PeerWorker>) {
  const capacityBytes = task.capacity;
  using there = LocalChannel.create({ capacityBytes });
  using back = LocalChannel.create({ capacityBytes });
  const handles = { "": there.handle, ".there": there.handle, ".back": back.handle };
  const partner = await worker();
  const finished = partner.play({ ...task, role: PARTNERS[task.role] }, handles);
  playSync(task, (suffix) => ({ channel: handles[suffix], options: {} }), host);
  await finished;
}

async function playWorker(task: PeerTask, host: Host, worker: () => Promise<PeerWorker>) {
  const partner = await worker();
  const finished = partner.play({ ...task, role: PARTNERS[task.role] });
  await play(partner.connection(task), task, host);
  await finished;
}

const PLAYS: Readonly<Record<PeerName, Play>> = {
  ringbus: (task, host) => Promise.resolve(playSync(task, channelsOf(task), host)),
  "ringbus async": (task, host) =>
    play(openRingbus(task.role, channelsOf(task)(""), host), task, host),
  "ringbus local": playLocal,
  socket: playSocket,
  worker: playWorker,
};

/** Runs the tasks of the parent process, for at most `seconds`. */
export async function servePeer(mainUrl: string, lifetimeSeconds: number): Promise<void> {
  if (Deno.build.os === "linux" && hasSharedClock()) endWithParent(lifetimeSeconds);
  const host = standardHost();
  let partner: Promise<PeerWorker> | undefined;
  const worker = () => partner ??= PeerWorker.start(mainUrl);
  for (let line; (line = readLine()) !== undefined;) {
    const task: PeerTask = JSON.parse(line);
    await PLAYS[task.peer](task, host, worker);
    host.say({ event: "done" });
  }
  (await partner)?.end();
}
