/**
 * The ways to stream through Ringbus. Each is the simple loop that a user would write: send, and
 * block when the ring is full; receive, and block when it is empty.
 */
import { type Loan, type MessageView, Puller, Pusher } from "../../../mod.ts";
import { type ChannelConfig, rawPuller, rawPusher } from "./ringbus_channel.ts";
import { isSmallObject, type SmallObject, smallObject } from "./small_object.ts";
import { distinctMessages, sequenceByte } from "./sequence.js";

/** Sends `count` messages; the first byte of each is its number. */
export type SendRun = (count: number) => void;
/** Receives `count` messages; returns how many were not as sent. */
export type ReceiveRun = (count: number) => number;

/** A socket, and the loop that uses it. */
export interface Opened<Run> extends Disposable {
  readonly run: Run;
}

/** A way to stream messages of a size. */
export interface Stream {
  openSender(config: ChannelConfig, size: number): Opened<SendRun>;
  openReceiver(config: ChannelConfig, size: number): Opened<ReceiveRun>;
}

const BATCH = 256;

function opened<Run>(socket: { close(): void }, run: Run): Opened<Run> {
  return { run, [Symbol.dispose]: () => socket.close() };
}

function sendOneByOne(config: ChannelConfig, size: number): Opened<SendRun> {
  const pusher = rawPusher(config);
  const messages = distinctMessages(size);
  return opened(pusher, (count) => {
    for (let i = 0; i < count; i++) {
      const message = messages[sequenceByte(i)];
      if (!pusher.send(message)) pusher.sendSync(message);
    }
  });
}

/** One `send` and one `recvIntoSync` for each message. */
const into: Stream = {
  openSender: sendOneByOne,
  openReceiver(config, size) {
    const puller = rawPuller(config);
    const target = new Uint8Array(size);
    return opened(puller, (count) => {
      let wrong = 0;
      for (let i = 0; i < count; i++) {
        const length = puller.recvIntoSync(target);
        if (length !== size || target[0] !== sequenceByte(i)) wrong++;
      }
      return wrong;
    });
  },
};

/** One new array for each message. */
const array: Stream = {
  openSender: sendOneByOne,
  openReceiver(config, size) {
    const puller = rawPuller(config);
    return opened(puller, (count) => {
      let wrong = 0;
      for (let i = 0; i < count; i++) {
        const message = puller.recvSync();
        if (message.length !== size || message[0] !== sequenceByte(i)) wrong++;
      }
      return wrong;
    });
  },
};

/** Sends the rest of a batch that the ring accepted in part, one by one and blocking. */
function sendBatch(pusher: Pusher<Uint8Array>, batch: Uint8Array[]): void {
  for (let i = pusher.sendMany(batch); i < batch.length; i++) pusher.sendSync(batch[i]);
}

const batch: Stream = {
  openSender(place, size) {
    const pusher = rawPusher(place);
    const messages = Array.from(
      { length: BATCH },
      (_, i) => new Uint8Array(size).fill(sequenceByte(i)),
    );
    return opened(pusher, (count) => {
      let left = count;
      for (; left >= BATCH; left -= BATCH) sendBatch(pusher, messages);
      if (left > 0) sendBatch(pusher, messages.slice(0, left));
    });
  },
  openReceiver(place, size) {
    const puller = rawPuller(place);
    return opened(puller, (count) => {
      let wrong = 0;
      for (let i = 0; i < count;) {
        const messages = puller.drain(Math.min(BATCH, count - i));
        if (messages.length === 0) messages.push(puller.recvSync());
        for (const message of messages) {
          if (message.length !== size || message[0] !== sequenceByte(i++)) wrong++;
        }
      }
      return wrong;
    });
  },
};

/** Messages side by side in one buffer, and a reader of each that is there. */
const packed: Stream = {
  openSender(place, size) {
    const pusher = rawPusher(place);
    const bytes = new Uint8Array(size * BATCH);
    for (let i = 0; i < BATCH; i++) bytes.fill(sequenceByte(i), i * size, (i + 1) * size);
    const lengths = new Uint32Array(BATCH).fill(size);
    return opened(pusher, (count) => {
      for (let left = count; left > 0; left -= BATCH) {
        const messages = Math.min(left, BATCH);
        const sent = pusher.sendMany(bytes, lengths.subarray(0, messages));
        for (let i = sent; i < messages; i++) {
          pusher.sendSync(bytes.subarray(i * size, (i + 1) * size));
        }
      }
    });
  },
  openReceiver(place, size) {
    const puller = rawPuller(place);
    const target = new Uint8Array(size);
    let wrong = 0;
    let next = 0;
    const read = (bytes: Uint8Array, offset: number, length: number) => {
      if (length !== size || bytes[offset] !== sequenceByte(next++)) wrong++;
    };
    return opened(puller, (count) => {
      wrong = next = 0;
      while (next < count) {
        if (puller.readMany(read, { limit: count - next }) > 0) continue;
        read(target, 0, puller.recvIntoSync(target));
      }
      return wrong;
    });
  },
};

/**
 * The sender writes every byte of the message in place. The receiver reads only both ends of it in place:
 * what a program does with the bytes is its own cost.
 */
const loan: Stream = {
  openSender(config, size) {
    const pusher = rawPusher(config);
    const payloads = distinctMessages(size);
    return opened(pusher, (count) => {
      for (let i = 0; i < count; i++) {
        let loan: Loan | undefined;
        while (!(loan = pusher.loan(size)));
        loan.bytes.set(payloads[sequenceByte(i)]);
        loan.commit();
      }
    });
  },
  openReceiver(config, size) {
    const puller = rawPuller(config);
    return opened(puller, (count) => {
      let wrong = 0;
      for (let i = 0; i < count; i++) {
        let received: MessageView | undefined;
        while (!(received = puller.recvView()));
        using view = received;
        const { bytes } = view;
        if (bytes.length !== size || bytes[0] !== sequenceByte(i) || bytes.at(-1) !== 1) {
          wrong++;
        }
      }
      return wrong;
    });
  },
};

/** Small objects with the default codec. */
const objects: Stream = {
  openSender({ channel, options }) {
    const pusher = new Pusher(channel, options);
    return opened(pusher, (count) => {
      for (let i = 0; i < count; i++) {
        const message = smallObject(sequenceByte(i));
        if (!pusher.send(message)) pusher.sendSync(message);
      }
    });
  },
  openReceiver({ channel, options }) {
    const puller = new Puller<SmallObject>(channel, options);
    return opened(puller, (count) => {
      let wrong = 0;
      for (let i = 0; i < count; i++) {
        if (!isSmallObject(puller.recvSync(), sequenceByte(i))) wrong++;
      }
      return wrong;
    });
  },
};

export const STREAMS: Record<string, Stream> = {
  into,
  array,
  batch,
  packed,
  loan,
  objects,
};
