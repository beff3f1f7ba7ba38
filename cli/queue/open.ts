/**
 * The message queue that a command is about: on Redis, or in shared memory.
 *
 * @module
 */

import { type OptionTable, UsageError } from "../command.ts";
import type { Output } from "../output.ts";
import { ShmMessageQueue } from "../../backends/queue/shm/queue.ts";
import { provideCronLibrary } from "../../backends/queue/schedule/cron_library.ts";
import type { MessageQueue } from "../../backends/queue/types.ts";
import { segmentDirectory } from "../../lib/platform/directory.ts";

const VARIABLE = "RINGBUS_QUEUE_URL";

/** Options that name a queue. */
export const QUEUE_OPTIONS = {
  url: {
    type: "string",
    value: "URL",
    help:
      `of a queue on Redis: redis://HOST:PORT/DB, or tcp://HOST:PORT of ringbus serve; default: ` +
      `${VARIABLE}, if it is set`,
  },
  namespace: { type: "string", value: "NAME", help: "namespace of the queue on Redis" },
  prefix: { type: "string", value: "TEXT", help: "first part of its keys on Redis" },
  name: { type: "string", value: "NAME", help: "of a queue in shared memory" },
  dir: { type: "string", value: "DIR", help: "directory of the queue in shared memory" },
} as const satisfies OptionTable;

/** Values of the options that name a queue. */
export interface QueueValues {
  readonly url?: string;
  readonly namespace?: string;
  readonly prefix?: string;
  readonly name?: string;
  readonly dir?: string;
}

/** How a command uses a queue in shared memory that does not exist yet. */
export interface OpenOptions {
  /** Creates it. Default: that is an error. */
  readonly mayCreate?: boolean;
}

/**
 * Opens the queue that the options name.
 *
 * @throws {UsageError} if they name none, or two
 */
export async function openQueue(
  values: QueueValues,
  output: Output,
  { mayCreate = false }: OpenOptions = {},
): Promise<MessageQueue> {
  bundleCronLibrary();
  const queue = await queueOf(values, output, mayCreate);
  await queue.initialize();
  return queue;
}

/** Makes the queue that a text names: the URL of one on Redis, or the name of one in shared memory. */
export async function queueAt(place: string): Promise<MessageQueue> {
  bundleCronLibrary();
  if (!place.includes("://")) {
    checkExists(place, undefined);
    return new ShmMessageQueue({ name: place });
  }
  const { RedisMessageQueue } = await import("../../backends/queue/redis/mod.ts");
  return new RedisMessageQueue({ redisUrl: place });
}

/** The single binary has the library under this specifier alone. */
function bundleCronLibrary(): void {
  provideCronLibrary(() => import("croner"));
}

async function queueOf(
  values: QueueValues,
  output: Output,
  mayCreate: boolean,
): Promise<MessageQueue> {
  const { url, name, dir, namespace, prefix } = values;
  if (name !== undefined) {
    refuseWith("--name", { url, namespace, prefix });
    if (!mayCreate) checkExists(name, dir);
    return new ShmMessageQueue({ name, dir });
  }
  const redisUrl = url ?? urlOfEnvironment(output);
  if (redisUrl === undefined) {
    throw new UsageError("name the queue: --url redis://HOST:PORT, or --name NAME");
  }
  refuseWith("--url", { dir });
  // A command on shared memory loads no client of Redis.
  const { RedisMessageQueue } = await import("../../backends/queue/redis/mod.ts");
  return new RedisMessageQueue({ redisUrl: respUrl(redisUrl), namespace, redisPrefix: prefix });
}

/**
 * The port of TCP of a server speaks RESP as well; that of HTTP serves no queue of its own.
 *
 * @throws {UsageError} for the URL of an HTTP server
 */
function respUrl(url: string): string {
  if (/^https?:/.test(url)) {
    throw new UsageError(
      `a queue is not reached over HTTP: give redis://HOST:PORT, or tcp://HOST:PORT of ringbus serve`,
    );
  }
  return url.replace(/^tcp:/, "redis:");
}

function refuseWith(option: string, others: Record<string, string | undefined>): void {
  const [other] = Object.keys(others).filter((each) => others[each] !== undefined);
  if (other !== undefined) throw new UsageError(`give ${option} or --${other}, not both`);
}

function checkExists(name: string, dir: string | undefined): void {
  const directory = segmentDirectory(dir);
  try {
    Deno.statSync(`${directory}/${name}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return;
    throw new Error(`there is no queue ${JSON.stringify(name)} in ${directory}`, { cause: error });
  }
}

/** Queries the permission first, so that a command with `--name` needs none. */
function urlOfEnvironment(output: Output): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: VARIABLE });
  if (state === "granted") return Deno.env.get(VARIABLE);
  output.notice(`${VARIABLE} is not read: that needs --allow-env=${VARIABLE}`);
  return undefined;
}
