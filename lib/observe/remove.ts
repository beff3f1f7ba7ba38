/**
 * Deletes one channel, whatever it holds.
 *
 * @module
 */

import { ShmConnectionError } from "../base/errors.ts";
import { checkChannelName } from "../channel/channel_options.ts";
import { removeOrphanedGenerations } from "../journal/files.ts";
import { segmentDirectory } from "../platform/directory.ts";
import { endIfTerminated } from "../presence/exit_hooks.ts";
import { reclaimEndedWorkers } from "../presence/isolate.ts";
import { closeForAll, tryClose, unlink } from "../segment/lifecycle.ts";
import { withHeader } from "../segment/with_header.ts";
import { isSegment, type OpenSegment, readSegment, type RegistryOptions } from "./registry.ts";

/** Options of `removeChannel`. */
export interface RemoveChannelOptions extends RegistryOptions {
  /** Deletes it also while processes use it. */
  force?: boolean | undefined;
}

/** What has happened: `"used"` if it stays because a process uses it, `"missing"` if there is none. */
export type Removal = "deleted" | "used" | "missing";

/**
 * Deletes a channel. With `force` the sockets that are attached soon throw `ShmConnectionError`, as if the
 * file had been removed, and who opens the channel from now on gets a new one.
 *
 * @throws {ShmConnectionError} if the file is no segment
 */
export function removeChannel(name: string, options: RemoveChannelOptions = {}): Removal {
  checkChannelName(name);
  endIfTerminated();
  const directory = segmentDirectory(options.dir);
  reclaimEndedWorkers();
  const removal = readSegment(
    directory,
    name,
    (segment) => remove(segment, options.force ?? false),
  );
  if (removal === "deleted") removeOrphanedGenerations(directory);
  return removal ?? "missing";
}

function remove({ fd, path }: OpenSegment, force: boolean): Removal {
  if (!isSegment(fd)) {
    throw new ShmConnectionError(
      `cannot delete ${path}: the file is no segment; delete the file itself if nobody needs it`,
    );
  }
  return withHeader(fd, (header) => {
    if (force) closeForAll(fd, header);
    else if (!tryClose(fd, () => header, () => true)) return "used";
    unlink(path, fd);
    return "deleted";
  });
}
