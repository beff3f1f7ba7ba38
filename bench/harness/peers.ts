/** The peers, and what each needs before it can be launched. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { failureOf } from "./toolchain.ts";
import type { Launch, Peer, Skipped, Tools } from "./types.ts";

const ZEROMQ = "zeromq@6.8.0";
const ZEROMQ_HEADERS = ["/usr/include/zmq.h", "/usr/local/include/zmq.h"];

const here = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const ipc = (path: string) => `ipc://${path}`;

async function compiled(
  source: string,
  { scratch }: Tools,
  ...libraries: string[]
): Promise<Launch | Skipped> {
  const executable = join(scratch, basename(source, ".c"));
  const args = ["-O2", "-o", executable, here(`peers/${source}`), ...libraries];
  const compileError = await failureOf("cc", args);
  return compileError ? { skipped: compileError } : { command: executable, args: [] };
}

function deno(file: string): Launch {
  return { command: Deno.execPath(), args: ["run", "-A", "--quiet", here(`peers/${file}`)] };
}

/** The C reference ring: what every ratio is against. */
export const cRing: Peer = {
  id: "c-ring",
  prepare: (tools) => compiled("ring.c", tools),
};

export const libzmq: Peer = {
  id: "libzmq",
  async prepare(tools) {
    if (!ZEROMQ_HEADERS.some(existsSync)) return { skipped: "zmq.h is not installed" };
    const launch = await compiled("zmq.c", tools, "-lzmq");
    return { ...launch, address: ipc };
  },
};

/** Kept between runs: the package is the same, and installing it takes seconds. */
function zeromqFolder(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? tmpdir(), ".cache");
  return join(cache, "ringbus-bench", ZEROMQ);
}

async function installZeromq(folder: string): Promise<string | undefined> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(join(folder, "package.json"), `{"private":true}`);
  return await failureOf("npm", [
    "install",
    "--no-audit",
    "--no-fund",
    "--prefix",
    folder,
    ZEROMQ,
  ]);
}

export const zeromqJs: Peer = {
  id: "zeromq.js",
  async prepare({ mayInstall }) {
    const folder = zeromqFolder();
    const nodeFailure = await failureOf("node", ["--version"]);
    if (nodeFailure) return { skipped: nodeFailure };
    if (!existsSync(join(folder, "node_modules", "zeromq"))) {
      if (!mayInstall) {
        return { skipped: `${ZEROMQ} is not installed, and a quick run installs nothing` };
      }
      const failure = await installZeromq(folder);
      if (failure) return { skipped: `cannot install ${ZEROMQ}: ${failure}` };
    }
    return {
      command: "node",
      args: [here("peers/zeromq.mjs")],
      env: { ZEROMQ_FROM: folder },
      address: ipc,
    };
  },
};

export const denoSocket: Peer = {
  id: "deno-socket",
  prepare: () => Promise.resolve(deno("socket.ts")),
};

export const redis: Peer = {
  id: "redis",
  async prepare() {
    const failure = await failureOf("redis-server", ["--version"]);
    return failure ? { skipped: failure } : deno("redis.ts");
  },
};

export const denoWorker: Peer = {
  id: "deno-worker",
  prepare: () => Promise.resolve({ ...deno("worker.ts"), alone: true }),
};

/** Ringbus; the file says which of its APIs. An address is a channel in a folder of its own. */
function ringbusPeer(file: string): Peer {
  return {
    id: "ringbus",
    prepare() {
      if (!existsSync(here("../mod.ts"))) return Promise.resolve({ skipped: "there is no mod.ts" });
      return Promise.resolve(deno(file));
    },
  };
}

export const ringbusSync = ringbusPeer("ringbus_sync.ts");
export const ringbusAsync = ringbusPeer("ringbus_async.ts");
export const ringbusIdle = ringbusPeer("ringbus_idle.ts");
export const ringbusMemory = ringbusPeer("ringbus_memory.ts");
export const ringbusMany = ringbusPeer("ringbus_many.ts");

export const ringbusStart = ringbusPeer("start_message.ts");

/** The empty program that starts are compared with. */
export const emptyStart: Peer = {
  id: "empty-start",
  prepare: () => Promise.resolve(deno("start_empty.ts")),
};

/** Deno with nothing in it, to compare memory with. */
export const bareDeno: Peer = {
  id: "bare-deno",
  prepare: () => Promise.resolve(deno("bare.ts")),
};

export const busyProcess: Peer = {
  id: "busy-process",
  prepare: () => Promise.resolve(deno("spin.ts")),
};
