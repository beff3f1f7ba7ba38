/**
 * `ringbus doctor`: whether all is well on this machine.
 *
 * @module
 */

import { channelOptions } from "../channel_options.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { counted } from "../pluralize.ts";
import { channelFindings, directoryFinding } from "../doctor/channels.ts";
import { type Finding, type Level, printFinding } from "../doctor/diagnostic.ts";
import { DoctorLibc } from "../doctor/libc.ts";
import { clockFindings, libraryFinding, limitFindings, roomFindings } from "../doctor/machine.ts";
import { permissionFindings } from "../doctor/permissions.ts";
import { DEFAULT_REDIS_URL, redisFindings } from "../doctor/redis.ts";
import { runtimeFinding } from "../doctor/runtime.ts";
import { selfTest } from "../doctor/self_test.ts";
import { parseRedisUrl } from "../../backends/redis/address.ts";

/** Examines. */
export const command = defineCommand({
  usage: "",
  description:
    `Looks whether all is well on this machine: permissions, the segment directory, room in
memory, limits, the clock, channels that were left; sends a message through a channel of its own, and
looks for Redis. Says what to do about what is not. A failure makes the exit code 1.`,
  options: {
    redis: {
      type: "string",
      value: "URL",
      help: `a Redis that has to be there; else ${DEFAULT_REDIS_URL} may be`,
    },
  },
  arity: [0, 0],
  async run({ values, output, mainUrl }) {
    checkUrl(values.redis);
    channelOptions({});
    const counts: Record<Level, number> = { ok: 0, note: 0, warning: 0, failure: 0 };
    for await (const finding of findings(mainUrl, values.redis)) {
      counts[finding.level]++;
      printFinding(output, finding);
    }
    const { failure, warning } = counts;
    output.remark(`${counted(failure, "failure")}, ${counted(warning, "warning")}`);
    return failure > 0 ? EXIT.FAILED : EXIT.DONE;
  },
});

function checkUrl(url: string | undefined): void {
  if (url === undefined) return;
  try {
    parseRedisUrl(url);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

async function* findings(mainUrl: string, redisUrl: string | undefined): AsyncGenerator<Finding> {
  yield runtimeFinding();
  const permissions = permissionFindings();
  yield* permissions;
  if (permissions[0].level === "ok") yield* ofSharedMemory(mainUrl);
  else {
    yield* clockFindings(undefined);
    const what = "directory, room, limits and channels are not looked at: that takes --allow-ffi";
    yield { topic: "shared memory", level: "note", what };
  }
  yield* await redisFindings(redisUrl);
}

async function* ofSharedMemory(mainUrl: string): AsyncGenerator<Finding> {
  const { path, finding } = directoryFinding();
  if (Deno.build.os === "linux") {
    using libc = new DoctorLibc();
    yield libraryFinding(libc);
    yield* limitFindings(libc);
    yield* clockFindings(libc);
    if (path !== undefined) yield* roomFindings(libc, path);
  } else {
    yield* clockFindings(undefined);
    const what = `room and limits are not looked at on ${Deno.build.os}`;
    yield { topic: "machine", level: "note", what };
  }
  yield finding;
  if (path === undefined) return;
  yield* channelFindings();
  yield await selfTest(mainUrl);
}
