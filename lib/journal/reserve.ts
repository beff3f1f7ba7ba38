/**
 * The space that a journal reserves while there is some, so that a full disk does not block it: a spare
 * file that compaction uses as the next generation, and bytes behind the records that only removals and
 * handoffs may use. These are as many as the records need that remove all entries one by one: so a
 * removal finds space until nothing is left to remove.
 *
 * @module
 */

import { ShmConnectionError } from "../base/errors.ts";
import { PAGE_BYTES, roundUp } from "../base/pages.ts";
import { recordBytes } from "../segment/journal_layout.ts";
import { codeOf } from "../platform/directory.ts";
import { platform } from "../platform/mod.ts";

const MIN_SPARE_BYTES = 256 * 1024;
const MAX_SPARE_BYTES = 16 * 1024 * 1024;
/** A record adds at most one entry, and the record that removes it has at most this payload. */
const OWN_REMOVAL_BYTES = 1024;
/** For what members append at the same time, and for removals that another member was faster with. */
const MIN_SLACK_BYTES = 16 * 1024;
/** Bytes for handoff records, which removals leave. */
const HANDOFF_BYTES = 4096;

/** What a record is for, which decides how much reserved space it leaves. */
export type Purpose = "data" | "removal" | "handoff";

/** Bytes of the spare file of a journal whose generation has this many bytes in use. */
export function spareBytes(usedBytes: number): number {
  const bytes = Math.min(Math.max(usedBytes / 64, MIN_SPARE_BYTES), MAX_SPARE_BYTES);
  return roundUp(bytes, PAGE_BYTES);
}

/**
 * Bytes that a record must leave reserved behind it, if the records that remove all entries before it
 * take `removalBytes`.
 */
export function bytesToLeave(purpose: Purpose, length: number, removalBytes: number): number {
  if (purpose === "handoff") return 0;
  if (purpose === "removal") return HANDOFF_BYTES;
  const slack = Math.max(MIN_SLACK_BYTES, removalBytes / 8);
  const own = recordBytes(Math.min(length, OWN_REMOVAL_BYTES));
  return HANDOFF_BYTES + removalBytes + own + slack;
}

/**
 * Creates or extends a spare file. Its size is what is reserved.
 *
 * @throws {ShmConnectionError} if storage is exhausted
 */
export function reserveSpare(path: string, bytes: number): void {
  try {
    const fd = openOrCreate(path);
    try {
      const { size } = platform().statusOf(fd);
      if (size < bytes) platform().reserve(fd, size, bytes - size);
    } finally {
      platform().close(fd);
    }
  } catch (cause) {
    throw new ShmConnectionError(`cannot reserve ${bytes} bytes for compaction: ${codeOf(cause)}`, {
      cause,
    });
  }
}

/** Another member may create the file, or rename it, at the same time. */
function openOrCreate(path: string): number {
  const os = platform();
  while (true) {
    try {
      return os.open(path);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
    try {
      return os.create(path);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }
}
