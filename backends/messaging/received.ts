/**
 * Messages in the reply of a server, which may be any program.
 *
 * @module
 */

import { Message } from "../../lib/message/message.ts";
import { messageOf } from "../../lib/base/thrown.ts";
import { MessagingConnectionError } from "./errors.ts";

/**
 * The messages in a reply, whose JSON `read` returns.
 *
 * @throws {MessagingConnectionError} if it has anything else
 */
export function messagesFrom(read: () => unknown, address: string): Message[] {
  try {
    const list = read();
    if (!Array.isArray(list)) throw new TypeError("it is no list of messages");
    return list.map((each) => Message.fromJson(each));
  } catch (cause) {
    throw new MessagingConnectionError(
      `cannot read the reply of the server: ${messageOf(cause)}; check that it has this protocol;`,
      address,
      { cause },
    );
  }
}
