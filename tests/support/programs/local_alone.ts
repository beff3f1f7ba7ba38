/**
 * Uses a local channel of each kind in one thread.
 *
 * @module
 */

import {
  LocalChannel,
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  Subscriber,
} from "../../../mod.ts";

async function flow(sender: Publisher | Pusher, receiver: Subscriber | Puller, first: string) {
  sender.send(first);
  const received = [receiver.recvSync({ timeoutMs: 1000 })];
  const second = receiver.recv({ timeoutMs: 1000 });
  sender.send("more");
  received.push(await second);
  return received;
}

using news = LocalChannel.create();
using work = LocalChannel.create();
using asked = LocalChannel.create();
using replier = new Replier<number, number>(asked.handle);
using requester = new Requester<number, number>(asked.handle);

const subscriber = new Subscriber(news.handle);
const puller = new Puller(work.handle);
const received = {
  subscriber: await flow(new Publisher(news.handle), subscriber, "news"),
  puller: await flow(new Pusher(work.handle), puller, "work"),
};

requester.send(21);
replier.send(2 * replier.recvSync({ timeoutMs: 1000 }));
const reply = requester.recvSync({ timeoutMs: 1000 });
console.log(JSON.stringify({ value: { ...received, reply } }));
