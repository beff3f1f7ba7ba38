/**
 * What changes in a directory of segments, and who comes and goes there.
 *
 * The kernel tells of it. A participant that is there touches its segment's file. One that leaves closes it.
 * A process that ends, in whatever way, closes its FIFO, and a worker that ends is a thread that ends. So
 * nobody is asked at intervals whether he lives. What is reported is where to look: the tables of
 * participants and the locks of the FIFOs are what counts, as for everybody else.
 *
 * @module
 */

import {
  channelNames,
  codeOf,
  ISOLATE_PREFIX,
  isTemporaryNameOf,
  TEMPORARY_PREFIX,
} from "../platform/directory.ts";
import type { DirectoryEvents, Happened } from "../platform/directory_events.ts";
import { platform } from "../platform/mod.ts";
import { openDirectoryEvents } from "../platform/open_events.ts";
import { sleep } from "../base/sleep.ts";
import { isIsolateAlive, isolateIdOf, probeIsolate } from "../presence/isolate.ts";
import { watchableThread } from "../presence/isolate_id.ts";
import { FileSource } from "../segment/byte_source.ts";
import type { ChannelEvent, ParticipantEvent, SegmentEvent } from "./channel_events.ts";
import { SegmentWatch } from "./segment_watch.ts";

/** Milliseconds between two looks at everything, for what is not reported: a process may be stopped. */
const LOOK_MS = 5000;
/** Milliseconds until a directory that was removed is looked for again. */
const GONE_MS = 100;
/** The lock of a FIFO goes a moment after its descriptor: milliseconds between the looks at it. */
const LOCK_MS = [1, 3, 10, 30, 100];

/** A segment that is open. */
interface Opened {
  readonly fd: number;
  readonly inode: bigint;
  readonly watch: SegmentWatch;
}

/**
 * Reports what is there, and then each change, until the signal aborts.
 *
 * @param only the name of the only channel that is watched
 * @param open opens the notices of the directory
 */
export async function* watchDirectory(
  directory: string,
  only: string | undefined,
  signal: AbortSignal,
  open: (directory: string) => DirectoryEvents = openDirectoryEvents,
): AsyncGenerator<ChannelEvent, void, void> {
  using watch = new DirectoryWatch(directory, only, open);
  while (!signal.aborted) {
    for (const event of watch.next()) {
      yield event;
      if (signal.aborted) return;
    }
    await watch.wait(signal);
  }
}

class DirectoryWatch implements Disposable {
  readonly #directory: string;
  readonly #only: string | undefined;
  readonly #openNotices: (directory: string) => DirectoryEvents;
  #notices: DirectoryEvents | undefined;
  readonly #opened = new Map<string, Opened>();
  /** When all was looked at last. */
  #lookedAtMs = -Infinity;
  /** Isolates whose FIFOs were closed by someone, with the looks at them so far. */
  readonly #doubtful = new Map<bigint, { looks: number; dueMs: number }>();

  constructor(
    directory: string,
    only: string | undefined,
    open: (directory: string) => DirectoryEvents,
  ) {
    this.#directory = directory;
    this.#only = only;
    this.#openNotices = open;
  }

  /** What is new. */
  next(): ChannelEvent[] {
    const nowMs = performance.now();
    if (!this.#isWatching()) {
      this.#lookedAtMs = nowMs;
      return this.#lookAtAll();
    }
    const happened = this.#notices!.take();
    if (happened.isGone) this.#closeNotices();
    if (!happened.isComplete || nowMs - this.#lookedAtMs >= LOOK_MS) {
      this.#lookedAtMs = nowMs;
      return this.#lookAtAll();
    }
    return this.#lookAt(happened, nowMs);
  }

  /** True if notices were open already. Opens them before anything is looked at. */
  #isWatching(): boolean {
    if (this.#notices !== undefined) return true;
    try {
      this.#notices = this.#openNotices(this.#directory);
    } catch (error) {
      if (!GONE.has(codeOf(error))) throw error;
    }
    return false;
  }

  async wait(signal: AbortSignal): Promise<void> {
    const notices = this.#notices;
    if (notices === undefined) return await sleep(GONE_MS, signal);
    const interrupt = () => notices.interrupt();
    signal.addEventListener("abort", interrupt);
    try {
      if (!signal.aborted) await notices.wait(this.#delayMs());
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
  }

  #delayMs(): number {
    const dueMs = Math.min(
      this.#lookedAtMs + LOOK_MS,
      ...[...this.#doubtful.values()].map((each) => each.dueMs),
    );
    return Math.max(0, dueMs - performance.now());
  }

  #lookAtAll(): ChannelEvent[] {
    const names = new Set([...this.#opened.keys(), ...this.#namesNow()]);
    const events = [...names].flatMap((name) => this.#lookAtSegment(name));
    return [...events, ...[...this.#isolates().keys()].flatMap((id) => this.#lookAtIsolate(id))];
  }

  #namesNow(): string[] {
    try {
      return channelNames(this.#directory).filter((name) => this.#isWatched(name));
    } catch {
      // The directory was removed.
      return [];
    }
  }

  #isWatched(name: string): boolean {
    return !name.startsWith(".") && (this.#only === undefined || this.#only === name);
  }

  /** The segments that a notice is about. What its creator does has the name under which it was made. */
  #segmentsOf(name: string): string[] {
    if (!name.startsWith(TEMPORARY_PREFIX)) return this.#isWatched(name) ? [name] : [];
    return [...this.#opened.keys()].filter((each) => isTemporaryNameOf(name, each));
  }

  #lookAt({ names, threads }: Happened, nowMs: number): ChannelEvent[] {
    const isolates = this.#isolates();
    for (const name of names) {
      const id = name.startsWith(ISOLATE_PREFIX) ? isolateIdOf(name) : undefined;
      if (id !== undefined && isolates.has(id)) this.#doubtful.set(id, { looks: 0, dueMs: nowMs });
    }
    for (const id of isolates.keys()) {
      const thread = watchableThread(id);
      if (thread !== undefined && threads.includes(thread)) {
        this.#doubtful.set(id, { looks: 0, dueMs: nowMs });
      }
    }
    const segments = new Set([...names].flatMap((name) => this.#segmentsOf(name)));
    const events = [...segments].flatMap((name) => this.#lookAtSegment(name));
    for (const [id, { dueMs }] of this.#doubtful) {
      if (dueMs <= nowMs) events.push(...this.#lookAtIsolate(id));
    }
    return events;
  }

  /** The isolates of the participants, each with its process. */
  #isolates(): Map<bigint, number> {
    return new Map([...this.#opened.values()].flatMap(({ watch }) => [...watch.isolates]));
  }

  #lookAtIsolate(id: bigint): ParticipantEvent[] {
    if (isIsolateAlive(this.#directory, id)) {
      this.#lookAgain(id);
      return [];
    }
    this.#doubtful.delete(id);
    return [...this.#opened.values()].flatMap(({ watch }) => watch.onDeath(id));
  }

  #lookAgain(id: bigint): void {
    const doubtful = this.#doubtful.get(id);
    if (doubtful === undefined) return;
    const delayMs = LOCK_MS[doubtful.looks++];
    doubtful.dueMs = performance.now() + delayMs;
    if (delayMs === undefined) this.#doubtful.delete(id);
  }

  #lookAtSegment(name: string): ChannelEvent[] {
    const before = this.#opened.get(name);
    const inode = this.#inodeOf(name);
    if (before !== undefined && before.inode === inode) {
      const events = before.watch.look();
      this.#watchThreads(before);
      return events;
    }
    const after = inode === undefined ? undefined : this.#open(name);
    if (before === undefined) return after === undefined ? [] : this.#begin(name, after, "created");
    const { events, isAbandoned } = before.watch.end();
    platform().close(before.fd);
    this.#opened.delete(name);
    if (after !== undefined) return [...events, ...this.#begin(name, after, "replaced")];
    const type = isAbandoned ? "collected" : "removed";
    return [...events, { type, channel: name, kind: before.watch.kind }];
  }

  #begin(name: string, opened: Opened, type: SegmentEvent["type"]): ChannelEvent[] {
    this.#opened.set(name, opened);
    const event: SegmentEvent = { type, channel: name, kind: opened.watch.kind };
    const events = opened.watch.look();
    this.#watchThreads(opened);
    return [event, ...events];
  }

  /** The main thread of a process ends with it, which its FIFO shows. */
  #watchThreads({ watch }: Opened): void {
    for (const [id, pid] of watch.isolates) {
      const thread = watchableThread(id);
      if (thread !== undefined && thread !== pid) this.#notices?.watchThread(thread);
    }
  }

  /** Undefined for what is no regular file: to open a device or a socket can fail, or do something. */
  #inodeOf(name: string): bigint | undefined {
    try {
      const { type, inode } = platform().status(`${this.#directory}/${name}`);
      return type === "file" ? inode : undefined;
    } catch (error) {
      if (!GONE.has(codeOf(error))) throw error;
      return undefined;
    }
  }

  /** Undefined for what is no regular file of this user. */
  #open(name: string): Opened | undefined {
    const os = platform();
    let fd: number;
    try {
      fd = os.openReadOnly(`${this.#directory}/${name}`);
    } catch (error) {
      if (UNRELATED.has(codeOf(error))) return undefined;
      throw error;
    }
    try {
      const { type, uid, inode } = os.statusOf(fd);
      if (type === "file" && uid === os.uid) {
        os.markReader(fd);
        const isAlive = (isolate: bigint) => this.#isAlive(name, fd, isolate);
        return { fd, inode, watch: new SegmentWatch(name, new FileSource(fd), isAlive) };
      }
    } catch (error) {
      os.close(fd);
      throw error;
    }
    os.close(fd);
    return undefined;
  }

  /** In a deleted segment, whoever is not known to be alive is dead. */
  #isAlive(name: string, fd: number, isolate: bigint): boolean {
    const isAlive = probeIsolate(this.#directory, isolate);
    return isAlive ?? platform().statusOf(fd).inode === this.#inodeOf(name);
  }

  #closeNotices(): void {
    this.#notices?.close();
    this.#notices = undefined;
  }

  [Symbol.dispose](): void {
    this.#closeNotices();
    for (const { fd } of this.#opened.values()) platform().close(fd);
    this.#opened.clear();
  }
}

const GONE: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR"]);
/** Errors of opening what is no segment of this user, or is there no more. */
const UNRELATED: ReadonlySet<string> = new Set([...GONE, "ELOOP", "EACCES", "EISDIR", "ENXIO"]);
