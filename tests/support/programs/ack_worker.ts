/**
 * Does work that must be done at least once: prints each result, and only then acknowledges it.
 *
 * @module
 */

import { Puller, Pusher } from "../../../mod.ts";

const [dir] = Deno.args;
using work = new Puller<number>("work", { dir, ack: true });
using done = new Pusher<number>("done", { dir });
while (true) {
  const message = work.recvSync();
  done.sendSync(message.value);
  message.ack();
}
