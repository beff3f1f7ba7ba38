/**
 * Opening the files of channels by name, to read them.
 *
 * @module
 */

import { didYouMean } from "../../lib/base/suggestions.ts";
import { isName } from "../listing/listing.ts";
import { glob } from "../../lib/base/glob.ts";
import { describeChannel } from "../../lib/observe/registry.ts";
import type { ChannelKind } from "../../lib/segment/format.ts";
import { sleep } from "../../lib/base/sleep.ts";
import { ShmConnectionError } from "../../lib/base/errors.ts";
import { SegmentFile } from "../../lib/observe/segment_file.ts";
import { checkChannelName } from "../../lib/channel/channel_options.ts";
import { channelNames, missingDirectory, segmentDirectory } from "../../lib/platform/directory.ts";

/** Milliseconds between two checks whether a channel exists. */
const POLL_INTERVAL_MS = 50;

/** The directory of the channels. */
export function channelDirectory(): string {
  return segmentDirectory(undefined);
}

/** The directory of the channels as a text, and that it does not exist if so: it may be mistyped. */
export function directoryText(): string {
  const missing = missingDirectory();
  if (missing === undefined) return channelDirectory();
  return `${missing}, a directory that does not exist; check RINGBUS_DIR`;
}

/** The names of the channels; none if the directory does not exist, which stays so. */
export function namesOfChannels(): string[] {
  return missingDirectory() === undefined ? channelNames(channelDirectory()) : [];
}

/**
 * The channels that words name: a name stands for itself, a pattern for those that there are, of a kind.
 *
 * @throws {ShmConnectionError} if a pattern matches none
 */
export function namesMatching(words: readonly string[], kind?: ChannelKind): string[] {
  const names = new Set(words.flatMap((word) => isName(word) ? [word] : matching(word, kind)));
  return [...names];
}

function matching(pattern: string, kind: ChannelKind | undefined): string[] {
  const matches = glob(pattern);
  const names = namesOfChannels().filter((name) =>
    matches(name) && (kind === undefined || describeChannel(name)?.kind === kind)
  );
  if (names.length > 0) return names;
  throw new ShmConnectionError(
    `no channel matches "${pattern}" in ${directoryText()}; ringbus ls lists the channels`,
  );
}

/** Opens a channel's file. Undefined if there is no channel of this name. */
export function findChannel(name: string): SegmentFile | undefined {
  checkChannelName(name);
  if (missingDirectory() !== undefined) return undefined;
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
    `there is no channel "${name}" in ${directoryText()}; ringbus ls lists the channels` +
      didYouMean(name, namesOfChannels()),
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
