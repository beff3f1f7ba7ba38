/**
 * The shared state that a command is about: on a TCP server, on Redis, or in shared memory.
 *
 * @module
 */

import { numberOf } from "../arguments/numbers.ts";
import { type OptionTable, UsageError } from "../command.ts";
import { ManagerBackend } from "../../backends/state/manager/backend.ts";
import { ShmBackend } from "../../backends/state/shm/backend.ts";
import type { SharedBackend } from "../../backends/state/types.ts";
import { messageOf } from "../../lib/base/thrown.ts";
import { findChannel } from "../observe/open.ts";

/** Options that name a shared state. */
export const STATE_OPTIONS = {
  url: {
    type: "string",
    short: "u",
    value: "URL",
    help: "of a state on a server: tcp://HOST:PORT, or redis://HOST:PORT",
  },
  name: { type: "string", value: "NAME", help: "of a state in shared memory" },
  "authkey-file": {
    type: "string",
    value: "FILE",
    help: "file with the bytes of the managerAuthkey of a state at a tcp:// URL",
  },
  prefix: { type: "string", value: "TEXT", help: "first part of its keys on Redis; default: xp:" },
  "max-threads": {
    type: "string",
    value: "N",
    help: "limit that the clients of a tcp:// URL share",
  },
  "max-slots-per-thread": { type: "string", value: "N", help: "the same" },
} as const satisfies OptionTable;

/** Values of the options that name a shared state. */
export interface StateValues {
  readonly url?: string;
  readonly name?: string;
  readonly "authkey-file"?: string;
  readonly prefix?: string;
  readonly "max-threads"?: string;
  readonly "max-slots-per-thread"?: string;
}

/**
 * Opens the shared state that the options name. It must exist: nothing is started or created.
 *
 * @throws {UsageError} if they name none, or two
 */
export async function openState(values: StateValues): Promise<SharedBackend> {
  const { url, name, prefix } = values;
  if (url !== undefined && name !== undefined) {
    throw new UsageError("give --url or --name, not both");
  }
  if (name !== undefined) return inSharedMemory(name);
  switch (url === undefined ? undefined : URL.parse(url)?.protocol) {
    case "tcp:":
      return await atManager(new URL(url!), values);
    case "redis:":
    case "rediss:":
    case "redis-cluster:":
    case "redis+sentinel:": {
      const { RedisBackend } = await import("../../backends/state/redis/backend.ts");
      return new RedisBackend({ redisUrl: url, redisPrefix: prefix });
    }
    default:
      throw new UsageError(
        "name the shared state: --url tcp://HOST:PORT, --url redis://HOST:PORT, or --name NAME",
      );
  }
}

function inSharedMemory(name: string): SharedBackend {
  using file = findChannel(name);
  if (file === undefined) {
    throw new Error(
      `there is no shared state ${JSON.stringify(name)}: ringbus ls lists what there is`,
    );
  }
  return new ShmBackend({ shmName: name });
}

/** A client of a state on this machine would start a server if there is none. */
async function atManager(
  { hostname, port }: URL,
  values: StateValues,
): Promise<SharedBackend> {
  const file = values["authkey-file"];
  if (file === undefined) throw new UsageError("a state at a tcp:// URL needs --authkey-file FILE");
  const address = { hostname: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 31135) };
  try {
    (await Deno.connect(address)).close();
  } catch (cause) {
    throw new Error(`cannot reach ${hostname}:${address.port}: ${messageOf(cause)}`, { cause });
  }
  return new ManagerBackend({
    managerAddress: [address.hostname, address.port],
    managerAuthkey: authkeyIn(file),
    maxThreads: numberOf("max-threads", values["max-threads"], { min: 1 }),
    maxSlotsPerThread: numberOf("max-slots-per-thread", values["max-slots-per-thread"], { min: 1 }),
  });
}

function authkeyIn(file: string): Uint8Array {
  try {
    return Deno.readFileSync(file);
  } catch (cause) {
    throw new Error(`cannot read the authkey: ${messageOf(cause)}`, { cause });
  }
}
