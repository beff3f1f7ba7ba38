/** The small object of the workloads with objects, and the connections that carry it. */
import type { Endpoint, Link } from "./roles.js";

export interface SmallObject {
  readonly cmd: string;
  readonly pos: readonly number[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The object for the message with this first byte. */
export function smallObject(first: number): SmallObject {
  return { cmd: "move", pos: [first, 2, 3] };
}

export function isSmallObject({ cmd, pos }: SmallObject, first: number): boolean {
  return cmd === "move" && pos[0] === first;
}

/** Sends an object in place of each message, and converts it back at the receiver. */
export function asObjects(connection: Link<SmallObject>, size: number): Endpoint {
  const message = new Uint8Array(size);
  return {
    send: (bytes) => connection.send(smallObject(bytes[0])),
    receive: async () => {
      message[0] = (await connection.receive()).pos[0];
      return message;
    },
    close: () => connection.close(),
  };
}

/** Objects as JSON on a connection for bytes. */
export function asJson(connection: Endpoint): Link<SmallObject> {
  return {
    send: (object) => connection.send(encoder.encode(JSON.stringify(object))),
    receive: async () => JSON.parse(decoder.decode(await connection.receive())),
    close: () => connection.close(),
  };
}
