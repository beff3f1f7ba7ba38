/**
 * Measures what a poll of many idle sockets costs: processor time of this process in percent of one core,
 * beside the same sockets without a poll; and how long one look at all of them takes.
 *
 * Run with `deno run -A bench/poller_idle.ts [sockets] [seconds]`, on Linux.
 */

import { LocalChannel, type LocalHandle, Subscriber } from "../mod.ts";
import { Poller } from "../lib/events/mod.ts";

const SOCKETS = Number(Deno.args[0] ?? 1000);
const IDLE_MS = Number(Deno.args[1] ?? 20) * 1000;
const PER_LOCAL_CHANNEL = 200;
const LOOKS = 100;

/** Milliseconds of processor time of this process: fields 14 and 15, in hundredths of a second. */
function usedMs(): number {
  const fields = Deno.readTextFileSync("/proc/self/stat").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Percent of one core that this process uses during an action. */
async function shareDuring(action: () => unknown): Promise<string> {
  const [usedBefore, before] = [usedMs(), performance.now()];
  await action();
  return `${(100 * (usedMs() - usedBefore) / (performance.now() - before)).toFixed(2)}%`;
}

async function measure(
  label: string,
  open: (at: number) => [string | LocalHandle, { dir?: string; capacityBytes: number }],
): Promise<void> {
  using stack = new DisposableStack();
  const sockets = Array.from(
    { length: SOCKETS },
    (_, at) => stack.use(new Subscriber(...open(at))),
  );
  using poller = new Poller(sockets);
  // At first a process looks often at the files of new sockets.
  await poller.wait({ timeoutMs: 4000 });
  const alone = await shareDuring(() => new Promise((resolve) => setTimeout(resolve, IDLE_MS)));
  const inLoop = await shareDuring(() => poller.wait({ timeoutMs: IDLE_MS }));
  const blocking = await shareDuring(() => poller.waitSync({ timeoutMs: IDLE_MS }));
  const before = usedMs();
  for (let i = 0; i < LOOKS; i++) poller.waitSync({ timeoutMs: 0 });
  const lookUs = (usedMs() - before) / LOOKS * 1000;
  console.log(
    `${label}: without a poll ${alone}, poll ${inLoop}, pollSync ${blocking}; ` +
      `a look at all takes ${lookUs.toFixed(0)} us`,
  );
}

const channels = Array.from(
  { length: Math.ceil(SOCKETS / PER_LOCAL_CHANNEL) },
  () => LocalChannel.create({ capacityBytes: 1024 }),
);
await measure(
  `${SOCKETS} local subscribers`,
  (at) => [channels[at % channels.length].handle, { capacityBytes: 1024 }],
);
const dir = Deno.makeTempDirSync({ dir: "/dev/shm", prefix: "ringbus-bench-" });
try {
  await measure(
    `${SOCKETS} channels between processes`,
    (at) => [`c${at}`, { dir, capacityBytes: 1024 }],
  );
} finally {
  Deno.removeSync(dir, { recursive: true });
}
