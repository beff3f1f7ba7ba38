/** The small object that is sent where messages are objects, and links that carry it. */
import type { Endpoint, Link } from "./roles.js";

export interface SmallObject {
  readonly cmd: string;
  readonly pos: readonly number[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The object that stands for the message with this first byte. */
export function smallObject(first: number): SmallObject {
  return { cmd: "move", pos: [first, 2, 3] };
}

export function isSmallObject({ cmd, pos }: SmallObject, first: number): boolean {
  return cmd === "move" && pos[0] === first;
}

/** Sends an object in place of each message; what arrives is a message again. */
export function asObjects(link: Link<SmallObject>, size: number): Endpoint {
  const message = new Uint8Array(size);
  return {
    send: (bytes) => link.send(smallObject(bytes[0])),
    receive: async () => {
      message[0] = (await link.receive()).pos[0];
      return message;
    },
    close: () => link.close(),
  };
}

/** Objects as JSON on a link for bytes. */
export function asJson(link: Endpoint): Link<SmallObject> {
  return {
    send: (object) => link.send(encoder.encode(JSON.stringify(object))),
    receive: async () => JSON.parse(decoder.decode(await link.receive())),
    close: () => link.close(),
  };
}
