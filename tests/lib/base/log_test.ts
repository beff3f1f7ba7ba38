// Log messages of channels, and that none are written by default.

import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { testOn, TRANSPORTS } from "../../conformance/channel/channel.ts";

/** Collects the log records of Ringbus while `body` runs. */
async function collect(body: () => void | Promise<void>): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  await configure({
    sinks: { memory: (record: LogRecord) => records.push(record) },
    loggers: [
      { category: ["ringbus"], lowestLevel: "debug", sinks: ["memory"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
    ],
  });
  try {
    await body();
  } finally {
    await reset();
  }
  return records;
}

/** Warnings about a ring that is almost full. */
function fills(records: LogRecord[]): string[] {
  return texts(records, "warning").filter((text) => text.includes("% full"));
}

function texts(records: LogRecord[], level: string): string[] {
  return records.filter((record) => record.level === level).map(({ message }) => message.join(""));
}

for (const transport of TRANSPORTS) {
  testOn(transport, "attaching and leaving are logged at debug level", async (open) => {
    const channel = open();
    const records = await collect(() => {
      const pusher = channel.pusher();
      const puller = channel.puller();
      pusher.send(1);
      puller.tryRecv();
      pusher.close();
      puller.close();
    });
    const lines = texts(records, "debug").join("\n");
    for (const role of ["pusher", "puller"]) {
      assert.match(lines, new RegExp(`attached to .* as .*${role}`));
      assert.match(lines, new RegExp(`left .* as .*${role}`));
    }
    assert.equal(records.length, 4);
    for (const { category } of records) assert.equal(category[0], "ringbus");
  });

  testOn(
    transport,
    "the first message that is not accepted is a warning, the next ones are not",
    async (open) => {
      const channel = open(1024);
      const records = await collect(() => {
        const pusher = channel.pusher();
        for (let i = 0; i < 1000; i++) pusher.send(i);
      });
      const drops = texts(records, "warning").filter((text) => text.includes("was not accepted"));
      assert.equal(drops.length, 1);
    },
  );

  testOn(
    transport,
    "missed messages are one warning at first, and one at the end",
    async (open) => {
      const channel = open(1024);
      let missed = 0;
      const records = await collect(() => {
        const subscriber = channel.subscriber(), publisher = channel.publisher();
        for (let round = 0; round < 3; round++) {
          for (let i = 0; i < 500; i++) publisher.send(i);
          while (subscriber.tryRecv() !== undefined) continue;
        }
        missed = subscriber.statistics().missed;
        subscriber.close();
      });
      const losses = texts(records, "warning").map((text) =>
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
        const half = await collect(() => fill(0.85));
        assert.deepEqual(fills(half), []);
        puller.drain();
        const full = fills(await collect(() => fill(0.985)));
        assert.equal(full.length, 1);
        const [, percent] = full[0].match(/(\d+)% full/)!;
        assert.ok(Number(percent) >= 90);
        puller.drain();
        assert.equal(fills(await collect(() => fill(0.5))).length, 0);
        puller.drain();
        assert.equal(fills(await collect(() => fill(0.985))).length, 1);
      },
    );
  }

  testOn(transport, "a publisher never warns about a full ring", async (open) => {
    const channel = open(1024);
    const records = await collect(() => {
      const publisher = channel.publisher();
      for (let i = 0; i < 2000; i++) publisher.send(i);
    });
    assert.deepEqual(texts(records, "warning"), []);
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
