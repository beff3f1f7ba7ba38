/** Where a Ringbus channel lives: between processes, or between the workers of one. */
import { type ChannelOptions, type LocalHandle, Puller, Pusher } from "../../../mod.ts";

/** A channel's name or handle, and what its sockets are opened with. */
export interface ChannelConfig {
  readonly channel: string | LocalHandle;
  readonly options: ChannelOptions;
}

/** The places of one task: those of a round trip are told apart by their suffix. */
export type FindChannel = (suffix: "" | ".there" | ".back") => ChannelConfig;

export function rawPusher({ channel, options }: ChannelConfig): Pusher<Uint8Array> {
  return new Pusher<Uint8Array>(channel, { ...options, codec: "raw" });
}

export function rawPuller({ channel, options }: ChannelConfig): Puller<Uint8Array> {
  return new Puller<Uint8Array>(channel, { ...options, codec: "raw" });
}
