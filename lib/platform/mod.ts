/**
 * The platform of this process, opened at first use.
 *
 * @module
 */

import { ShmPermissionError, ShmUnsupportedError } from "../base/errors.ts";
import { reportUnheeded } from "../base/log.ts";
import { Linux } from "./linux.ts";
import { MacOs } from "./macos.ts";
import type { Platform } from "./platform.ts";

let opened: Platform | undefined;

/**
 * The platform's calls.
 *
 * @throws {ShmUnsupportedError} on a system that is not supported
 * @throws {ShmPermissionError} without `--allow-ffi`
 */
export function platform(): Platform {
  opened ??= firstPlatform();
  return opened;
}

function firstPlatform(): Platform {
  const os = openPlatform(Deno.build.os);
  reportUnheeded((name) => os.environment(name));
  return os;
}

/** The platform's calls if they were used before. */
export function openedPlatform(): Platform | undefined {
  return opened;
}

/** Opens the calls of one operating system. */
export function openPlatform(os: string): Platform {
  if (os !== "linux" && os !== "darwin") {
    throw new ShmUnsupportedError(
      `cannot share memory between processes on ${os}: use LocalChannel between workers of one ` +
        `process, or the embedded server between processes`,
    );
  }
  try {
    return os === "linux" ? new Linux() : new MacOs();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new ShmPermissionError(
      `cannot share memory between processes: calls of the C library are not permitted; run with ` +
        `--allow-ffi, or use LocalChannel between workers of one process, which needs no permission`,
      { cause: error },
    );
  }
}
