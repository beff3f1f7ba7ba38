/** The channels of a task: between processes, or between the workers of one. */
import { type ChannelOptions, type LocalHandle, Puller, Pusher } from "../../../mod.ts";

/** A channel's name or handle, and the options of its sockets. */
export interface ChannelConfig {
  readonly channel: string | LocalHandle;
  readonly options: ChannelOptions;
}

/** The channels of one task. The two channels of a round trip differ in their suffix. */
export type FindChannel = (suffix: "" | ".there" | ".back") => ChannelConfig;

export function rawPusher({ channel, options }: ChannelConfig): Pusher<Uint8Array> {
  return new Pusher<Uint8Array>(channel, { ...options, codec: "raw" });
}

export function rawPuller({ channel, options }: ChannelConfig): Puller<Uint8Array> {
  return new Puller<Uint8Array>(channel, { ...options, codec: "raw" });
}
