/**
 * Opening the files of channels by name, to read them.
 *
 * @module
 */

import { didYouMean } from "../../lib/base/suggestions.ts";
import { sleep } from "../../lib/base/sleep.ts";
import { segmentDirectory } from "../../lib/platform/directory.ts";
import { ShmConnectionError } from "../../lib/base/errors.ts";
import { SegmentFile } from "../../lib/observe/segment_file.ts";
import { checkChannelName } from "../../lib/channel/channel_options.ts";
import { channelNames } from "../../lib/platform/directory.ts";

/** Milliseconds between two checks whether a channel exists. */
const POLL_INTERVAL_MS = 50;

/** The directory of the channels. */
export function channelDirectory(): string {
  return segmentDirectory(undefined);
}

/** Opens a channel's file. Undefined if there is no channel of this name. */
export function findChannel(name: string): SegmentFile | undefined {
  checkChannelName(name);
  return findUndeleted(`${channelDirectory()}/${name}`);
}

/** Opens a segment's file. Undefined if there is none, or it is being deleted. */
export function findUndeleted(path: string): SegmentFile | undefined {
  const file = SegmentFile.find(path);
  if (!file?.isDeleted()) return file;
  file[Symbol.dispose]();
  return undefined;
}

/**
 * Opens a channel's file.
 *
 * @throws {ShmConnectionError} if there is no channel of this name
 */
export function openChannel(name: string): SegmentFile {
  const file = findChannel(name);
  if (file !== undefined) return file;
  throw new ShmConnectionError(
    `there is no channel "${name}" in ${channelDirectory()}; ringbus ls lists the channels` +
      didYouMean(name, channelNames(channelDirectory())),
  );
}

/** Opens a channel's file as soon as the channel exists. Undefined if the signal aborts before. */
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
