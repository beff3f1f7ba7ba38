// Who chooses the codec of a channel: the first socket that sends, or that names one.

import assert from "node:assert/strict";
import type { Codec, CodecName } from "../../../mod.ts";
import { type TestChannel, testOn, type TestTransport } from "./channel.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A codec of a program: its id is too long for the word that says which codec was chosen. */
const LABELLED: Codec = {
  id: "a-codec-of-thirty-one-character",
  encode: (value) => encoder.encode(`labelled ${JSON.stringify(value)}`),
  decode: (bytes) => JSON.parse(decoder.decode(bytes.slice(9))),
};

const CODECS: readonly (CodecName | undefined)[] = [
  undefined,
  "msgpack",
  "json",
  "raw",
  "clone",
];

const OTHER: CodecName = "clone";

interface Receiving {
  tryRecv(): unknown;
}

/** Receivers that name no codec, and a sender that may name one. */
const PAIRS: Record<string, {
  receiver(channel: TestChannel): Receiving;
  sender(channel: TestChannel, codec?: CodecName | Codec): { send(value: unknown): unknown };
}> = {
  "a puller": {
    receiver: (channel) => channel.puller(),
    sender: (channel, codec) => channel.pusher({ codec }),
  },
  "a puller with ack": {
    receiver(channel) {
      const puller = channel.ackPuller();
      return { tryRecv: () => puller.tryRecv()?.value };
    },
    sender: (channel, codec) => channel.pusher({ codec }),
  },
  "a subscriber": {
    receiver: (channel) => channel.subscriber(),
    sender: (channel, codec) => channel.publisher({ codec }),
  },
};

const valueFor = (codec: CodecName | undefined) =>
  codec === "raw" ? encoder.encode("bytes") : { text: "a value" };

export function testCodecChoice(transport: TestTransport): void {
  for (const [who, { receiver, sender }] of Object.entries(PAIRS)) {
    for (const codec of CODECS) {
      const title = `${who} that came first uses the codec of its sender, ${String(codec)}`;
      testOn(transport, title, (open) => {
        const channel = open();
        const first = receiver(channel);
        const value = valueFor(codec);
        sender(channel, codec).send(value);
        assert.deepEqual(first.tryRecv(), value);
        assert.throws(() => sender(channel, codec === OTHER ? "json" : OTHER), {
          name: "ShmConnectionError",
          message: conflict(codec ?? "msgpack"),
        });
      });
    }

    testOn(
      transport,
      `${who} that came first has no codec of the program; the message stays`,
      (open) => {
        const channel = open();
        const first = receiver(channel);
        sender(channel, LABELLED).send(1);
        for (let attempt = 0; attempt < 2; attempt++) {
          assert.throws(() => first.tryRecv(), {
            name: "ShmConnectionError",
            message:
              /"a-codec-of-thirty-one-character", which is none of the built-in ones; .* pass that codec/,
          });
        }
      },
    );
  }

  testOn(transport, "what a receiver with the codec option chooses holds for all", (open) => {
    const channel = open();
    const first = channel.puller();
    const second = channel.puller({ codec: LABELLED });
    assert.throws(() => channel.pusher({ codec: "json" }), {
      name: "ShmConnectionError",
      message: conflict(LABELLED.id),
    });
    channel.pusher({ codec: LABELLED }).sendMany([1, 2]);
    assert.throws(() => first.tryRecv(), { name: "ShmConnectionError" });
    assert.deepEqual([second.tryRecv(), second.tryRecv()], [1, 2]);
  });

  testOn(
    transport,
    "a first message without bytes is read with the sender's codec",
    async (open) => {
      const channel = open();
      const subscriber = channel.subscriber();
      const received = subscriber.recv();
      channel.publisher({ codec: "raw" }).send(new Uint8Array(0));
      assert.deepEqual(await received, new Uint8Array(0));
    },
  );

  testOn(transport, "batches and targets are read with the sender's codec", (open) => {
    const channel = open();
    const puller = channel.puller<Uint8Array>();
    const pusher = channel.pusher<Uint8Array>({ codec: "raw" });
    pusher.sendMany([encoder.encode("one"), encoder.encode("two"), encoder.encode("three")]);
    const target = new Uint8Array(8);
    assert.equal(puller.tryRecvInto(target), 3);
    assert.deepEqual(puller.drain().map((bytes) => decoder.decode(bytes)), ["two", "three"]);
  });

  testOn(
    transport,
    "a second sender with another codec is refused; one that names none is not",
    (open) => {
      const channel = open();
      channel.subscriber();
      channel.publisher({ codec: "json" });
      assert.throws(() => channel.publisher({ codec: "raw" }), { message: conflict("json") });
      channel.publisher();
    },
  );

  testOn(
    transport,
    "a replier that came first replies with its requester's codec",
    async (open) => {
      const channel = open();
      const replier = channel.replier<number[], Map<string, number>>();
      const serving = replier.serve((numbers) => new Map([["sum", numbers[0] + numbers[1]]]));
      const requester = channel.requester<number[], Map<string, number>>({ codec: "clone" });
      assert.deepEqual(await requester.request([1, 2]), new Map([["sum", 3]]));
      replier.close();
      await serving;
    },
  );

  testOn(
    transport,
    "a requester whose codec its replier lacks gets an error; serving goes on",
    async (open) => {
      const channel = open();
      const replier = channel.replier();
      let hasEnded = false;
      const serving = replier.serve((value) => value).finally(() => hasEnded = true);
      const requester = channel.requester({ codec: LABELLED });
      for (let request = 0; request < 2; request++) {
        await assert.rejects(requester.request(1), {
          message:
            /cannot be decoded with codec "a-codec-of-.* pass that codec with the codec option/,
        });
      }
      assert.ok(!hasEnded);
      replier.close();
      await serving;
    },
  );

  testOn(transport, "a receiver without a message has no codec", (open) => {
    const puller = open().puller();
    assert.equal(puller.tryRecv(), undefined);
    assert.deepEqual(puller.drain(), []);
  });
}

/** The error of a conflict names the codec, and which process chose it, and when. */
function conflict(codec: string): RegExp {
  return new RegExp(
    `its codec is "${codec}", and this socket asks for .* process ${Deno.pid} created it at ` +
      `\\d{4}-\\S+Z .*process ${Deno.pid} chose codec "${codec}" at \\d{4}-\\S+Z`,
  );
}
