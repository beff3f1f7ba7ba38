/** Ringbus with the calls that wait in the event loop, one way. */
import { type Place, rawPuller, rawPusher } from "./ringbus_channel.ts";
import { type Endpoint, type Host, listens } from "./roles.js";

const notThisWay = () => Promise.reject(new Error("messages go the other way here"));

/** Opens the side that a role needs; it cannot do what the other side does. */
export function openRingbus(role: string, place: Place, { say }: Host): Endpoint {
  if (!listens(role)) {
    const pusher = rawPusher(place);
    return {
      send: (message) => pusher.sendAsync(message),
      receive: notThisWay,
      close: () => pusher.close(),
    };
  }
  const puller = rawPuller(place);
  say({ event: "ready" });
  return {
    send: notThisWay,
    receive: () => puller.recv(),
    close: () => puller.close(),
  };
}
