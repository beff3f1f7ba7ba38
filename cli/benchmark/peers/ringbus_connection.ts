/** Ringbus with the calls that wait in the event loop, in one direction. */
import { type ChannelConfig, rawPuller, rawPusher } from "./ringbus_channel.ts";
import { type Endpoint, type Host, listens } from "./roles.js";

const wrongDirection = () => Promise.reject(new Error("messages go the other way here"));

/** Opens the side that a role needs. It throws for the calls of the other side. */
export function openRingbus(role: string, config: ChannelConfig, { say }: Host): Endpoint {
  if (!listens(role)) {
    const pusher = rawPusher(config);
    return {
      send: (message) => pusher.sendAsync(message),
      receive: wrongDirection,
      close: () => pusher.close(),
    };
  }
  const puller = rawPuller(config);
  say({ event: "ready" });
  return {
    send: wrongDirection,
    receive: () => puller.recv(),
    close: () => puller.close(),
  };
}
