/**
 * Looking at channels without taking part: who comes, leaves and dies, and which channels come and go.
 *
 * @module
 */

import { checkNoMore } from "../base/checks.ts";
import { lazyPart } from "../base/descriptors.ts";
import { ShmConnectionError } from "../base/errors.ts";
import { abortSignal, directoryPath } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";
import { checkChannelName } from "../channel/channel_options.ts";
import { segmentDirectory } from "../platform/directory.ts";
import { endIfTerminated } from "../presence/exit_hooks.ts";
import { isLocalHandle, type LocalHandle } from "../segment/worker_memory.ts";
import type { ChannelEvent, ParticipantEvent } from "./channel_events.ts";
import { type EventStream, eventStream } from "../base/event_stream.ts";
import type { ChannelHealth } from "./health.ts";
import type { RegistryOptions } from "./registry.ts";

/** Options of `watchChannels`. */
export interface WatchChannelsOptions extends RegistryOptions {
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
}

/** Options of `participants`. */
export interface ParticipantsOptions {
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
}

const WATCH_OPTIONS = new OptionRules<WatchChannelsOptions>("watchChannels()", {
  dir: directoryPath,
  signal: abortSignal,
});
const CHANNEL_OPTIONS = new OptionRules<RegistryOptions>("new Channel()", { dir: directoryPath });
const PARTICIPANTS_OPTIONS = new OptionRules<ParticipantsOptions>("participants()", {
  signal: abortSignal,
}, { dir: "pass it to new Channel()" });

const directoryWatch = lazyPart(() => import("./directory_watch.ts"));
const health = lazyPart(() => import("./health.ts"));
const localWatch = lazyPart(() => import("./local_watch.ts"));

function refusal(what: string): (problem: string) => Error {
  return (problem) => new ShmConnectionError(`cannot watch ${what}: ${problem}`);
}

/**
 * Watches all channels of a directory: which ones are created, replaced, removed and collected, and which
 * participants join, leave and die. Reports what is there first, and then each change, most within a
 * millisecond: the kernel tells of it, also of the death of a process, and no process is asked whether it
 * lives. It attaches to nothing and deletes nothing.
 *
 * Costs: one descriptor for each channel, one for each worker with a socket, and two more. Ends when the
 * signal aborts, or with the loop. A watch that is behind reports the later state only: a participant that
 * came and went meanwhile is not reported.
 *
 * @throws {ShmPermissionError} without `--allow-ffi`, or if the directory belongs to another user
 *
 * @example
 * ```ts ignore
 * import { Publisher, watchChannels } from "@ringbus/ringbus";
 *
 * using _camera = new Publisher("frames", { label: "camera" });
 * for await (const event of watchChannels()) {
 *   console.log(event.type, event.channel); // "created" "frames", then "joined" "frames"
 *   if (event.type === "died") console.log(`${event.label ?? event.pid} died`);
 *   if (event.type === "joined") break;
 * }
 * ```
 */
export function watchChannels(options: WatchChannelsOptions = {}): EventStream<ChannelEvent> {
  checkNoMore("watchChannels()", arguments, 1);
  WATCH_OPTIONS.check(options);
  endIfTerminated();
  const directory = segmentDirectory(options.dir);
  return eventStream(async function* (signal) {
    const { watchDirectory } = await directoryWatch(refusal(directory));
    yield* watchDirectory(directory, undefined, signal);
  }, options.signal);
}

/**
 * A channel, to look at: it takes no part in it. By name it need not exist yet.
 *
 * @example
 * ```ts
 * import { Channel, LocalChannel, Publisher } from "@ringbus/ringbus";
 *
 * using local = LocalChannel.create();
 * using _publisher = new Publisher(local.handle, { label: "camera" });
 * for await (const { type, role, label } of new Channel(local.handle).participants()) {
 *   console.log(type, role, label); // "joined" "publisher" "camera"
 *   break;
 * }
 * ```
 */
export class Channel {
  readonly #target: string | LocalHandle;
  readonly #directory: string;

  /**
   * Names a channel. Opens nothing.
   *
   * @throws {TypeError} if the name is invalid
   * @throws {ShmPermissionError} by name, without `--allow-ffi`, or if the directory is another user's
   */
  constructor(target: string | LocalHandle, options: RegistryOptions = {}) {
    CHANNEL_OPTIONS.check(options, arguments[2]);
    this.#target = target;
    if (isLocalHandle(target)) {
      this.#directory = "";
      return;
    }
    checkChannelName(target);
    endIfTerminated();
    this.#directory = segmentDirectory(options.dir);
  }

  /** Channel name. */
  get name(): string {
    return isLocalHandle(this.#target) ? this.#target.name : this.#target;
  }

  /**
   * The participants: who is there, and then who joins, leaves and dies, as `watchChannels` reports it. By
   * name, the iteration goes on when the channel is deleted, with those who open it again.
   *
   * On a local channel a change is found within 20 ms, and the iteration ends when the channel is closed. No
   * death is reported there: a worker that was terminated stays in the table.
   */
  participants(options: ParticipantsOptions = {}): EventStream<ParticipantEvent> {
    checkNoMore("participants()", arguments, 1);
    PARTICIPANTS_OPTIONS.check(options);
    return eventStream((signal) => this.#watch(signal), options.signal);
  }

  /**
   * Who holds what and since when, what is stale, and why the segment is kept. Undefined if there is no channel
   * of this name. It attaches to nothing and frees nothing.
   *
   * On a local channel all participants count as alive: a worker that was terminated is not known to have
   * ended.
   */
  async health(): Promise<ChannelHealth | undefined> {
    checkNoMore("health()", arguments, 0);
    const target = this.#target;
    const { healthOf, localHealthOf } = await health(refusal(`channel "${this.name}"`));
    return isLocalHandle(target) ? localHealthOf(target) : healthOf(this.#directory, target);
  }

  async *#watch(signal: AbortSignal): AsyncGenerator<ParticipantEvent, void, void> {
    const target = this.#target;
    if (isLocalHandle(target)) {
      const { watchLocal } = await localWatch(refusal(`channel "${target.name}"`));
      yield* watchLocal(target, signal);
      return;
    }
    const { watchDirectory } = await directoryWatch(refusal(`channel "${target}"`));
    for await (const event of watchDirectory(this.#directory, target, signal)) {
      if ("pid" in event) yield event;
    }
  }
}
