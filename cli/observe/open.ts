/**
 * Channels by name, for those who only look.
 *
 * @module
 */

import { didYouMean } from "../../lib/base/suggestions.ts";
import { sleep } from "../../lib/base/sleep.ts";
import { segmentDirectory } from "../../lib/platform/directory.ts";
import { ShmConnectionError } from "../../lib/base/errors.ts";
import { SegmentFile } from "../../lib/observe/segment_file.ts";
import { checkChannelName } from "../../lib/channel/channel_options.ts";
import { channelNames } from "../../lib/observe/registry.ts";

/** How often it is looked for a channel that is not there yet, in milliseconds. */
const POLL_INTERVAL_MS = 50;

/** The directory that channels are in. */
export function channelDirectory(): string {
  return segmentDirectory(undefined);
}

/** Opens a channel's file; undefined if there is none of this name. */
export function findChannel(name: string): SegmentFile | undefined {
  checkChannelName(name);
  return findUndeleted(`${channelDirectory()}/${name}`);
}

/** Opens a segment's file, unless there is none, or it is about to be deleted. */
export function findUndeleted(path: string): SegmentFile | undefined {
  const file = SegmentFile.find(path);
  if (!file?.isDeleted()) return file;
  file[Symbol.dispose]();
  return undefined;
}

/**
 * Opens a channel's file.
 *
 * @throws {ShmConnectionError} if there is none of this name
 */
export function openChannel(name: string): SegmentFile {
  const file = findChannel(name);
  if (file !== undefined) return file;
  throw new ShmConnectionError(
    `there is no channel "${name}" in ${channelDirectory()}; ringbus ls lists those that are there` +
      didYouMean(name, channelNames(channelDirectory())),
  );
}

/** Opens a channel's file as soon as there is one; undefined if the signal aborts before. */
export async function waitForChannel(
  name: string,
  signal: AbortSignal,
): Promise<SegmentFile | undefined> {
  while (!signal.aborted) {
    const file = findChannel(name);
    if (file !== undefined) return file;
    await sleep(POLL_INTERVAL_MS, signal);
  }
  return undefined;
}
