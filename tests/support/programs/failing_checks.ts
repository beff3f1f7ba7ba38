/**
 * Opens and closes what killed processes left while the process lacks memory or descriptors.
 *
 * @module
 */

import {
  InMemoryMessageQueue,
  Puller,
  ShmMessageQueue,
  ShmMessagingBackend,
} from "../../../mod.ts";
import { ShmBackend } from "../../../backends/state/mod.ts";
import { platform } from "../../../lib/platform/mod.ts";

const [what, dir] = Deno.args;

const library = Deno.dlopen("libc.so.6", {
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
});
const RLIMIT_DATA = 2;
const RLIMIT_NOFILE = 7;
const SPARE_BYTES = 16 * 2 ** 20;

function setLimit(resource: number, limit: number): void {
  const limits = new BigUint64Array(2).fill(BigInt(limit));
  if (library.symbols.setrlimit(resource, limits) !== 0) throw new Error("setrlimit failed");
}

function dataBytes(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/VmData:\s*(\d+) kB/.exec(status)![1]) * 1024;
}

/** Uses up all descriptors but some. */
function useUpDescriptors(free: number): Disposable {
  const files: Deno.FsFile[] = [];
  try {
    while (true) files.push(Deno.openSync("/dev/null"));
  } catch {
    for (const file of files.splice(0, free)) file.close();
  }
  return { [Symbol.dispose]: () => files.forEach((file) => file.close()) };
}

async function outcome(act: () => unknown): Promise<string> {
  try {
    await act();
    return "opened";
  } catch (error) {
    return (error as Error).name;
  }
}

const outcomes: string[] = [];
if (what === "leave") {
  new ShmBackend({ shmName: "state", dir, maxThreads: 9 }).bufferAppendSync(
    "plan",
    Uint8Array.of(7),
  );
  await new ShmMessagingBackend({ name: "messages", dir, maxBytes: 2 << 20 }).set(
    "plan",
    "precious",
  );
} else if (what === "memory") {
  const puller = new Puller("held", { dir, codec: "raw" });
  console.log(JSON.stringify({ value: "open" }));
  await Deno.stdin.read(new Uint8Array(64));
  setLimit(RLIMIT_DATA, dataBytes() + SPARE_BYTES);
  puller.close();
} else {
  platform();
  // Deno panics if it has no descriptors for its first listener.
  Deno.addSignalListener("SIGTERM", () => {});
  setLimit(RLIMIT_NOFILE, 100);
  for (let free = 0; free < 12; free++) {
    using _used = useUpDescriptors(free);
    outcomes.push(
      await outcome(async () => {
        if (what === "state") return new ShmBackend({ shmName: "state", dir, maxThreads: 9 });
        if (what === "queue in memory") return await new InMemoryMessageQueue().initialize();
        if (what === "queue in shared memory") {
          return await new ShmMessageQueue({ name: "queue", dir }).initialize();
        }
        await new ShmMessagingBackend({ name: "messages", dir, maxBytes: 2 << 20 }).get("plan");
        return undefined;
      }),
    );
    if (outcomes.at(-1) === "opened") break;
  }
}
console.log(JSON.stringify({ value: outcomes }));
Deno.kill(Deno.pid, "SIGKILL");
