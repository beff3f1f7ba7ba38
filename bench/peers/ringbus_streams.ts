/**
 * The ways to stream through Ringbus. Each is the plain loop that a user would write: send, and
 * block when the ring is full; receive, and block when it is empty.
 */
import { type Loan, type MessageView, Puller, Pusher } from "../../mod.ts";
import { placeOf } from "./ringbus_channel.ts";
import { distinctMessages, sequenceByte } from "./shared/sequence.js";
import type { Task } from "./shared/task.js";

/** Sends `count` messages; the first byte of each is its number. */
export type SendRun = (count: number) => void;
/** Receives `count` messages; answers how many were not as sent. */
export type ReceiveRun = (count: number) => number;

export interface Stream {
  openSender(task: Task): SendRun;
  openReceiver(task: Task): ReceiveRun;
}

const BATCH = 256;

function rawPusher(task: Task): Pusher<Uint8Array> {
  const { name, options } = placeOf(task, "raw");
  return new Pusher<Uint8Array>(name, options);
}

function rawPuller(task: Task): Puller<Uint8Array> {
  const { name, options } = placeOf(task, "raw");
  return new Puller<Uint8Array>(name, options);
}

function sendOneByOne(task: Task): SendRun {
  const pusher = rawPusher(task);
  const messages = distinctMessages(task.size);
  return (count) => {
    for (let i = 0; i < count; i++) {
      const message = messages[sequenceByte(i)];
      if (!pusher.send(message)) pusher.sendSync(message);
    }
  };
}

/** One `send` and one `recvIntoSync` a message. */
const into: Stream = {
  openSender: sendOneByOne,
  openReceiver(task) {
    const puller = rawPuller(task);
    const target = new Uint8Array(task.size);
    return (count) => {
      let wrong = 0;
      for (let i = 0; i < count; i++) {
        const length = puller.recvIntoSync(target);
        if (length !== task.size || target[0] !== sequenceByte(i)) wrong++;
      }
      return wrong;
    };
  },
};

/** One new array a message. */
const array: Stream = {
  openSender: sendOneByOne,
  openReceiver(task) {
    const puller = rawPuller(task);
    return (count) => {
      let wrong = 0;
      for (let i = 0; i < count; i++) {
        const message = puller.recvSync();
        if (message.length !== task.size || message[0] !== sequenceByte(i)) wrong++;
      }
      return wrong;
    };
  },
};

/** What is left of a batch when the ring took only a part of it goes one by one, and may block. */
function sendBatch(pusher: Pusher<Uint8Array>, batch: Uint8Array[]): void {
  for (let i = pusher.sendMany(batch); i < batch.length; i++) pusher.sendSync(batch[i]);
}

const batch: Stream = {
  openSender(task) {
    const pusher = rawPusher(task);
    const messages = Array.from(
      { length: BATCH },
      (_, i) => new Uint8Array(task.size).fill(sequenceByte(i)),
    );
    return (count) => {
      let left = count;
      for (; left >= BATCH; left -= BATCH) sendBatch(pusher, messages);
      if (left > 0) sendBatch(pusher, messages.slice(0, left));
    };
  },
  openReceiver(task) {
    const puller = rawPuller(task);
    return (count) => {
      let wrong = 0;
      for (let i = 0; i < count;) {
        const messages = puller.drain(Math.min(BATCH, count - i));
        if (messages.length === 0) messages.push(puller.recvSync());
        for (const message of messages) {
          if (message.length !== task.size || message[0] !== sequenceByte(i++)) wrong++;
        }
      }
      return wrong;
    };
  },
};

/**
 * The sender writes every byte of the message in place; the receiver reads it in place, though only
 * both of its ends: what it does with the bytes is its own cost.
 */
const loan: Stream = {
  openSender(task) {
    const pusher = rawPusher(task);
    const payloads = distinctMessages(task.size);
    return (count) => {
      for (let i = 0; i < count; i++) {
        let loan: Loan | undefined;
        while (!(loan = pusher.loan(task.size)));
        loan.bytes.set(payloads[sequenceByte(i)]);
        loan.commit();
      }
    };
  },
  openReceiver(task) {
    const puller = rawPuller(task);
    return (count) => {
      let wrong = 0;
      for (let i = 0; i < count; i++) {
        let found: MessageView | undefined;
        while (!(found = puller.recvView()));
        using view = found;
        const { bytes } = view;
        if (bytes.length !== task.size || bytes[0] !== sequenceByte(i) || bytes.at(-1) !== 1) {
          wrong++;
        }
      }
      return wrong;
    };
  },
};

/** Small objects with the codec that a channel has when nobody says otherwise. */
const objects: Stream = {
  openSender(task) {
    const { name, options } = placeOf(task);
    const pusher = new Pusher(name, options);
    return (count) => {
      for (let i = 0; i < count; i++) {
        const message = { cmd: "move", pos: [sequenceByte(i), 2, 3] };
        if (!pusher.send(message)) pusher.sendSync(message);
      }
    };
  },
  openReceiver(task) {
    const { name, options } = placeOf(task);
    const puller = new Puller<{ cmd: string; pos: number[] }>(name, options);
    return (count) => {
      let wrong = 0;
      for (let i = 0; i < count; i++) {
        const { cmd, pos } = puller.recvSync();
        if (cmd !== "move" || pos[0] !== sequenceByte(i)) wrong++;
      }
      return wrong;
    };
  },
};

export const STREAMS: Record<string, Stream> = { into, array, batch, loan, objects };
