/**
 * `ringbus doctor`: whether all is well on this machine.
 *
 * @module
 */

import { channelOptions } from "../arguments/channel_options.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { pluralize } from "../pluralize.ts";
import { channelDiagnostics, directoryDiagnostic } from "../doctor/channels.ts";
import { type Diagnostic, type Level, printDiagnostic } from "../doctor/diagnostic.ts";
import { DoctorLibc } from "../doctor/libc.ts";
import {
  clockDiagnostics,
  libraryDiagnostic,
  limitDiagnostics,
  spaceDiagnostics,
} from "../doctor/machine.ts";
import { permissionDiagnostics } from "../doctor/permissions.ts";
import { DEFAULT_REDIS_URL, redisDiagnostics } from "../doctor/redis.ts";
import { runtimeDiagnostic } from "../doctor/runtime.ts";
import { selfTest } from "../doctor/self_test.ts";
import { parseRedisUrl } from "../../backends/redis/address.ts";
import { messageOf } from "../../lib/base/thrown.ts";

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
    for await (const diagnostic of diagnostics(mainUrl, values.redis)) {
      counts[diagnostic.level]++;
      printDiagnostic(output, diagnostic);
    }
    const { failure, warning } = counts;
    output.notice(`${pluralize(failure, "failure")}, ${pluralize(warning, "warning")}`);
    return failure > 0 ? EXIT.FAILED : EXIT.DONE;
  },
});

function checkUrl(url: string | undefined): void {
  if (url === undefined) return;
  try {
    parseRedisUrl(url);
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

async function* diagnostics(
  mainUrl: string,
  redisUrl: string | undefined,
): AsyncGenerator<Diagnostic> {
  yield runtimeDiagnostic();
  const permissions = permissionDiagnostics();
  yield* permissions;
  if (permissions[0].level === "ok") yield* sharedMemoryDiagnostics(mainUrl);
  else {
    yield* clockDiagnostics(undefined);
    const what = "directory, room, limits and channels are not looked at: that takes --allow-ffi";
    yield { topic: "shared memory", level: "note", message: what };
  }
  yield* await redisDiagnostics(redisUrl);
}

async function* sharedMemoryDiagnostics(mainUrl: string): AsyncGenerator<Diagnostic> {
  const { path, diagnostic } = directoryDiagnostic();
  if (Deno.build.os === "linux") {
    using libc = new DoctorLibc();
    yield libraryDiagnostic(libc);
    yield* limitDiagnostics(libc);
    yield* clockDiagnostics(libc);
    if (path !== undefined) yield* spaceDiagnostics(libc, path);
  } else {
    yield* clockDiagnostics(undefined);
    const what = `room and limits are not looked at on ${Deno.build.os}`;
    yield { topic: "machine", level: "note", message: what };
  }
  yield diagnostic;
  if (path === undefined) return;
  yield* channelDiagnostics();
  yield await selfTest(mainUrl);
}
