/**
 * The channels of a directory of segments, for the metrics and the dashboard. A server loads this module when
 * it shows them.
 *
 * @module
 */

import { lazyPart } from "../../../lib/base/descriptors.ts";
import { removeChannel } from "../../../lib/observe/remove.ts";
import { channelNames, segmentDirectory } from "../../../lib/platform/directory.ts";
import type { Machine, MachineView } from "../metrics/machine_view.ts";
import type { ChannelDetails } from "../metrics/channel_details.ts";
import type { MessageFeed } from "../metrics/message_feed.ts";
import { readChannels } from "./channels.ts";
import { DeathWatch } from "./deaths.ts";

/** Number of channels that are read. */
export const MAX_CHANNELS = 1000;

const detailsPart = lazyPart(() => import("./details.ts"));
const feedPart = lazyPart(() => import("./channel_feed.ts"));

/** The channels of one directory. */
export class ChannelDirectory implements Machine, AsyncDisposable {
  /** The directory. */
  readonly path: string;
  readonly #deaths: DeathWatch;
  #reading: Promise<MachineView> | undefined;

  /**
   * Begins to watch for deaths.
   *
   * @param dir default: `RINGBUS_DIR`, or the user's own
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the directory belongs to another user
   */
  constructor(dir: string | undefined) {
    this.path = segmentDirectory(dir);
    this.#deaths = new DeathWatch(this.path);
  }

  view(): Promise<MachineView> {
    return this.#reading ??= this.#read().finally(() => this.#reading = undefined);
  }

  async details(name: string): Promise<ChannelDetails | undefined> {
    const { detailsOf } = await detailsPart((problem) =>
      new Error(`cannot look at channel ${JSON.stringify(name)}: ${problem}`)
    );
    return detailsOf(this.path, name);
  }

  async messages(channel: string): Promise<MessageFeed | undefined> {
    if (!this.#has(channel)) return undefined;
    const { ChannelFeed } = await feedPart((problem) =>
      new Error(`cannot show messages of ${JSON.stringify(channel)}: ${problem}`)
    );
    return ChannelFeed.open(this.path, channel);
  }

  // deno-lint-ignore require-await
  async remove(channel: string): Promise<"deleted" | "used" | "missing"> {
    return this.#has(channel) ? removeChannel(channel, { dir: this.path }) : "missing";
  }

  /** Whether there is a channel of a name, which a client has chosen. */
  #has(channel: string): boolean {
    return channelNames(this.path).includes(channel);
  }

  async #read(): Promise<MachineView> {
    const names = channelNames(this.path);
    const channels = await readChannels(this.path, names.slice(0, MAX_CHANNELS));
    const { counts, last } = this.#deaths;
    return {
      directory: this.path,
      total: names.length,
      channels,
      deaths: new Map(counts),
      lastDeaths: [...last],
    };
  }

  /** Lets the program end: nobody watches for deaths then. */
  unref(): void {
    void this.#deaths.stop();
  }

  /** Ends the watch. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#deaths.stop();
  }
}
