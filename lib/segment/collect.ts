/**
 * Collecting what ended processes left in a directory under names that no program opens again. The first
 * socket of a program in a directory does it, with an amount of work that has a bound.
 *
 * @module
 */

import { logger } from "../base/log.ts";
import { channelNames, codeOf, ISOLATE_PREFIX } from "../platform/directory.ts";
import { platform } from "../platform/mod.ts";
import { isIsolateAlive, isolateIdOf } from "../presence/isolate.ts";
import { isIsolateId } from "../presence/isolate_id.ts";
import { FileSource } from "./byte_source.ts";
import { removeForgottenIsolate, removeForgottenParticipants } from "./dead_isolates.ts";
import { isDisposable } from "./disposal.ts";
import { parseConfig } from "./format.ts";
import { isJournalEmpty, removeGenerations } from "./journal_contents.ts";
import { tryClose, unlink } from "./lifecycle.ts";
import { withHeader } from "./with_header.ts";

/** The environment variable that turns collecting off. */
const OPTION = "RINGBUS_COLLECT";
/** Most files of each sort that one program looks at. */
const MAX_FILES = 64;
/** Time after which a program looks at no more files, in milliseconds. */
const MAX_MS = 50;

const collected = new Set<string>();

/**
 * Deletes the segments of ended processes in a directory, once in each isolate. Keeps what is
 * persistent, in use or damaged, queues with messages, and journals with data that has not expired.
 */
export function collectOnce(directory: string): void {
  if (collected.has(directory)) return;
  collected.add(directory);
  if (platform().environment(OPTION) === "0") return;
  try {
    collect(directory);
  } catch (error) {
    logger.debug("cannot collect what ended processes left in {directory}: {error}", {
      directory,
      error,
    });
  }
}

function collect(directory: string): void {
  const deadline = performance.now() + MAX_MS;
  const isTimeLeft = () => performance.now() < deadline;
  for (const name of sample(channelNames(directory))) {
    if (!isTimeLeft()) return;
    if (collectSegment(directory, name)) {
      logger.info("deleted {channel}, which an ended process had left", { channel: name });
    }
  }
  for (const name of sample(platform().list(directory).filter(isIsolate))) {
    if (!isTimeLeft()) return;
    const id = isolateIdOf(name)!;
    if (isIsolateId(id) && !isIsolateAlive(directory, id)) removeForgottenIsolate(directory, id);
  }
}

function isIsolate(name: string): boolean {
  return name.startsWith(ISOLATE_PREFIX) && isolateIdOf(name) !== undefined;
}

/** So many names from a random one on: what one program does not reach, another does. */
function sample(names: string[]): string[] {
  const start = names.length <= MAX_FILES ? 0 : Math.floor(Math.random() * names.length);
  return [...names.slice(start), ...names.slice(0, start)].slice(0, MAX_FILES);
}

/** True if a segment was deleted. */
function collectSegment(directory: string, name: string): boolean {
  const os = platform();
  const path = `${directory}/${name}`;
  let fd: number;
  try {
    fd = os.open(path);
  } catch (error) {
    logger.debug("cannot check {path}: {code}", { path, code: codeOf(error) });
    return false;
  }
  try {
    const { type, uid } = os.statusOf(fd);
    if (type !== "file" || uid !== os.uid || os.isSharedByOthers(fd)) return false;
    const source = new FileSource(fd);
    const isEmpty = () => isCollectable(directory, name, source);
    if (!isEmpty() || !withHeader(fd, (header) => tryClose(fd, () => header, isEmpty))) {
      return false;
    }
    unlink(path, fd);
    if (isJournal(source)) removeGenerations(directory, name, source);
    removeForgottenParticipants(directory, source, 0n);
    return true;
  } finally {
    os.close(fd);
  }
}

function isCollectable(directory: string, name: string, source: FileSource): boolean {
  return isDisposable(source) && (!isJournal(source) || isJournalEmpty(directory, name, source));
}

function isJournal(source: FileSource): boolean {
  const config = parseConfig(source);
  return !("problem" in config) && config.kind === "journal";
}
