/**
 * A client in this process, without a connection.
 *
 * @module
 */

import { bytesOfText, textOfBytes } from "../../store/byte_string.ts";
import { readLatin1 } from "../../store/latin1.ts";
import { Client } from "../engine/client.ts";
import type { ClientOutput } from "../engine/client_state.ts";
import type { Dispatcher } from "../engine/dispatcher.ts";
import type { Service } from "../engine/service.ts";
import {
  DoubleReply,
  ErrorReply,
  MapReply,
  NullArray,
  type Reply,
  SetReply,
  Status,
  VerbatimReply,
} from "../protocol/reply.ts";

/** A reply as a value: texts, numbers, arrays and null. Maps are arrays of names and values. */
export type ReplyValue = string | number | bigint | boolean | null | ReplyValue[];

const IGNORED = () => {};
const OUTPUT: ClientOutput = {
  address: "local",
  localAddress: "local",
  pendingBytes: 0,
  unreadBytes: 0,
  send: IGNORED,
  sendHalf: IGNORED,
  allowLongRequests: IGNORED,
  resume: IGNORED,
  push: IGNORED,
  end: IGNORED,
  close: IGNORED,
};

/** Executes commands at once. */
export class LocalClient {
  readonly #client: Client;

  constructor(service: Service, dispatcher: Dispatcher) {
    this.#client = new Client(service, OUTPUT, service.store.keys, dispatcher.execute);
    this.#client.isAuthenticated = true;
    this.#client.isAtomic = true;
  }

  /** Executes a command; throws an `Error` with the text of an error reply. */
  call(words: readonly (string | number)[]): ReplyValue {
    this.#client.service.readClock();
    const reply = this.#client.execute(words.map((word) => bytesOfText(String(word))));
    if (reply instanceof ErrorReply) {
      throw new Error(`${words.join(" ")} failed: ${textOfBytes(reply.text)}`);
    }
    return valueOf(reply);
  }
}

function valueOf(reply: Reply): ReplyValue {
  if (typeof reply === "string") return textOfBytes(reply);
  if (reply instanceof Uint8Array) return textOfBytes(readLatin1(reply));
  if (reply instanceof Status || reply instanceof VerbatimReply) return textOfBytes(reply.text);
  if (reply instanceof ErrorReply) return textOfBytes(reply.text);
  if (reply instanceof DoubleReply) return reply.value;
  if (reply instanceof MapReply || reply instanceof SetReply) return reply.items.map(valueOf);
  if (Array.isArray(reply)) return reply.map(valueOf);
  if (reply instanceof NullArray || typeof reply === "object") return null;
  return reply;
}
