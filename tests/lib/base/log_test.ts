// Log messages of channels, and that none are written by default.

import assert from "node:assert/strict";
import type { LogRecord } from "@logtape/logtape";
import { testOn, TRANSPORTS } from "../../conformance/channel/channel.ts";
import { collectLog, textsOf } from "../../support/log_records.ts";

/** Warnings about a ring that is almost full. */
function fills(records: LogRecord[]): string[] {
  return textsOf(records, "warning").filter((text) => text.includes("% full"));
}

function isReceived(text: unknown): boolean {
  return `${text}`.startsWith("message received");
}

for (const transport of TRANSPORTS) {
  testOn(transport, "attaching and leaving are logged at debug level", async (open) => {
    const channel = open();
    const records = await collectLog(() => {
      const pusher = channel.pusher();
      const puller = channel.puller();
      pusher.send(1);
      puller.tryRecv();
      pusher.close();
      puller.close();
    });
    const lines = textsOf(records, "debug").join("\n");
    for (const role of ["pusher", "puller"]) {
      assert.match(lines, new RegExp(`attached to .* as .*${role}`));
      assert.match(lines, new RegExp(`left .* as .*${role}`));
    }
    assert.equal(records.filter(({ rawMessage }) => !isReceived(rawMessage)).length, 4);
    for (const { category } of records) assert.equal(category[0], "ringbus");
  });

  testOn(
    transport,
    "a message that is received is logged at debug level, with its size",
    async (open) => {
      const channel = open();
      const records = await collectLog(async () => {
        using pusher = channel.pusher<unknown>({ codec: "json" });
        using puller = channel.puller<unknown>();
        pusher.sendMany(["abc", 12, [1, 2], null, 7, 8]);
        puller.tryRecv();
        await puller.recv();
        puller.recvSync();
        for await (const _value of puller) break;
        puller.drain();
      });
      const received = textsOf(records, "debug").filter(isReceived);
      const sizes = received.map((text) =>
        /^message received: size=(\d+) channel=\S+$/.exec(text)?.[1]
      );
      assert.deepEqual(sizes, ["5", "2", "5", "4", "1", "1"]);
    },
  );

  testOn(
    transport,
    "requests and replies that are received are logged at debug level",
    async (open) => {
      const channel = open();
      const records = await collectLog(async () => {
        using requester = channel.requester<number, number>({ codec: "json" });
        using replier = channel.replier<number, number>();
        const reply = requester.request(12345);
        replier.send(await replier.recv());
        assert.equal(await reply, 12345);
      });
      assert.equal(textsOf(records, "debug").filter(isReceived).length, 2);
    },
  );

  testOn(transport, "received messages are not logged above debug level", async (open) => {
    const channel = open();
    const records = await collectLog(() => {
      using pusher = channel.pusher();
      using puller = channel.puller();
      pusher.send(1);
      assert.equal(puller.tryRecv(), 1);
    }, "info");
    assert.deepEqual(records, []);
  });

  testOn(
    transport,
    "the first message that is not accepted is a warning, the next ones are not",
    async (open) => {
      const channel = open(1024);
      const records = await collectLog(() => {
        const pusher = channel.pusher();
        for (let i = 0; i < 1000; i++) pusher.send(i);
      });
      const drops = textsOf(records, "warning").filter((text) => text.includes("was not accepted"));
      assert.equal(drops.length, 1);
    },
  );

  testOn(
    transport,
    "missed messages are one warning at first, and one at the end",
    async (open) => {
      const channel = open(1024);
      let missed = 0;
      const records = await collectLog(() => {
        const subscriber = channel.subscriber(), publisher = channel.publisher();
        for (let round = 0; round < 3; round++) {
          for (let i = 0; i < 500; i++) publisher.send(i);
          while (subscriber.tryRecv() !== undefined) continue;
        }
        missed = subscriber.statistics().missed;
        subscriber.close();
      });
      const losses = textsOf(records, "warning").map((text) =>
        /missed (\d+) messages, (\d+) in all.*raise capacityBytes/.exec(text)!.slice(1).map(Number)
      );
      assert.equal(losses.length, 2);
      const [[first, firstTotal], [rest, total]] = losses;
      assert.deepEqual([first, first + rest, total], [firstTotal, missed, missed]);
      assert.ok(first > 0 && rest > 0);
    },
  );

  for (const [capacity, length] of [[1024, 8], [65_536, 16], [65_536, 3000], [1 << 20, 64]]) {
    testOn(
      transport,
      `a ring of ${capacity} warns at 90% full of ${length} B each`,
      async (open) => {
        const channel = open(capacity);
        const pusher = channel.pusher<Uint8Array>({ codec: "raw" });
        const puller = channel.puller<Uint8Array>();
        const bytes = new Uint8Array(length);
        const fill = (share: number) => {
          const each = Math.ceil((length + 16) / 8) * 8;
          for (let used = 0; used + each < share * capacity; used += each) pusher.send(bytes);
        };
        const half = await collectLog(() => fill(0.85));
        assert.deepEqual(fills(half), []);
        puller.drain();
        const full = fills(await collectLog(() => fill(0.985)));
        assert.equal(full.length, 1);
        const [, percent] = full[0].match(/(\d+)% full/)!;
        assert.ok(Number(percent) >= 90);
        puller.drain();
        assert.equal(fills(await collectLog(() => fill(0.5))).length, 0);
        puller.drain();
        assert.equal(fills(await collectLog(() => fill(0.985))).length, 1);
      },
    );
  }

  testOn(transport, "a publisher never warns about a full ring", async (open) => {
    const channel = open(1024);
    const records = await collectLog(() => {
      const publisher = channel.publisher();
      for (let i = 0; i < 2000; i++) publisher.send(i);
    });
    assert.deepEqual(textsOf(records, "warning"), []);
  });

  testOn(transport, "nothing is written unless the application configures it", (open) => {
    const written: unknown[] = [];
    const methods = ["log", "error", "warn", "info", "debug"] as const;
    const originals = methods.map((method) => console[method]);
    for (const method of methods) console[method] = (...args: unknown[]) => written.push(args);
    try {
      const channel = open(1024);
      const pusher = channel.pusher();
      for (let i = 0; i < 1000; i++) pusher.send(i);
      pusher.close();
    } finally {
      methods.forEach((method, i) => console[method] = originals[i]);
    }
    assert.deepEqual(written, []);
  });
}
