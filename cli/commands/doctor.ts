/**
 * `ringbus doctor`: checks this machine for problems.
 *
 * @module
 */

import { channelOptions } from "../arguments/channel_options.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { pluralize } from "../../lib/base/pluralize.ts";
import { channelDiagnostics, directoryDiagnostic, healthDiagnostics } from "../doctor/channels.ts";
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

/** The subcommand. */
export const command = defineCommand({
  usage: "",
  description:
    `Checks this machine for problems: permissions, the segment directory, space in memory,
limits, the clock, stale channels and Redis. Sends a message through a channel of its own. Prints a
remedy for each problem. After a failure the exit code is 1.`,
  examples: [["ringbus doctor", "check this machine"], [
    "ringbus doctor --redis redis://10.0.0.5:6379",
    "check a Redis that must reply, too",
  ]],
  options: {
    redis: {
      type: "string",
      value: "URL",
      help: `a Redis that must reply; default: ${DEFAULT_REDIS_URL}, which may be absent`,
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
    const what = "directory, space, limits and channels are not checked: that needs --allow-ffi";
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
    const what = `space and limits are not checked on ${Deno.build.os}`;
    yield { topic: "machine", level: "note", message: what };
  }
  yield diagnostic;
  if (path === undefined) return;
  yield* channelDiagnostics();
  yield* healthDiagnostics();
  yield await selfTest(mainUrl);
}
