// Names and capacities of channels, and the options on which two sockets must agree.

import assert from "node:assert/strict";
import {
  type ChannelOptions,
  type Codec,
  type Delivery,
  listChannels,
  LocalChannel,
  type LocalHandle,
  Publisher,
  Puller,
  Pusher,
  Requester,
  ShmClosedError,
  ShmConnectionError,
  Subscriber,
} from "../../../mod.ts";
import { checkCapacity, checkChannelName } from "../../../lib/channel/channel_options.ts";
import { takeSnapshot } from "../../../lib/observe/snapshot.ts";
import { BytesInMemory } from "../../support/observed.ts";
import { type TestChannel, testOn, TRANSPORTS } from "../../conformance/channel/channel.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { numbers } from "../../conformance/channel/values.ts";

Deno.test("names of letters, digits, dots, underscores and hyphens are accepted", () => {
  for (const name of ["a", "0", "robot_commands", "a.b-c_d", "A".repeat(200), "x..y"]) {
    checkChannelName(name);
  }
});

Deno.test("any other name is rejected before anything is opened", () => {
  using directory = new TestDirectory();
  const { path } = directory;
  const names = ["", ".", "..", "../x", "a/b", "/a", "a\0b", "\0", ".hidden", "-x", "_x"]
    .concat("ä", "a b", "a\n", "x".repeat(201), "💥");
  for (const name of names) {
    assert.throws(
      () => new Pusher(name, { dir: path }),
      (error: Error) =>
        error instanceof TypeError && error.message.includes(JSON.stringify(name)) &&
        /a name has 1 to 200 characters/.test(error.message),
    );
  }
});

Deno.test("what a puller receives follows from ack, and only pullers have it", () => {
  const open = (handle: LocalHandle) => {
    const plain: Puller<number> = new Puller<number>(handle);
    const acking: Puller<Delivery<number>> = new Puller<number>(handle, { ack: true });
    // @ts-expect-error: a delivery is received
    const wrong: Puller<number> = new Puller<number>(handle, { ack: true });
    // @ts-expect-error: nothing is held without ack
    new Puller<number>(handle, { maxUnacked: 5 });
    return [plain, acking, wrong];
  };
  assert.throws(() => open(LocalChannel.create().handle), /maxUnacked is for pullers/);
  // @ts-expect-error: a subscriber acknowledges nothing
  assert.throws(() => new Subscriber(LocalChannel.create().handle, { ack: true }), TypeError);
});

Deno.test("a target that is neither a name nor a handle is rejected", () => {
  for (const target of [undefined, null, 5, {}, [], Symbol("x"), 7n, { ringbus: "local" }]) {
    assert.throws(
      () => new Subscriber(target as unknown as string),
      (error: Error) =>
        error instanceof TypeError && /its name must be a string/.test(error.message),
    );
  }
});

Deno.test("a capacity is a whole number within its limits, rounded up to 64", () => {
  assert.equal(checkCapacity(1024), 1024);
  assert.equal(checkCapacity(1025), 1088);
  assert.equal(checkCapacity(2 ** 31), 2 ** 31);
  for (const capacity of [NaN, Infinity, 1024.5, "4096", null, 4096n, {}]) {
    assert.throws(() => checkCapacity(capacity as number), {
      name: "TypeError",
      message: /capacityBytes must be a whole number, not /,
    });
  }
  for (const capacity of [-1, 0, 1, 1023, 2 ** 31 + 1, Number.MAX_SAFE_INTEGER]) {
    assert.throws(() => checkCapacity(capacity), {
      name: "RangeError",
      message: new RegExp(`from 1024 to 2147483648, not ${capacity}`),
    });
  }
});

Deno.test("sockets and local channels reject an invalid capacity, and leave nothing", () => {
  using directory = new TestDirectory();
  using channel = LocalChannel.create();
  for (const capacityBytes of [NaN, 0, 1023, 2 ** 32, "x" as unknown as number]) {
    const expected = /capacityBytes must be/;
    assert.throws(() => new Pusher("a", { dir: directory.path, capacityBytes }), expected);
    assert.throws(() => new Pusher(channel.handle, { capacityBytes }), expected);
    assert.throws(() => LocalChannel.create({ capacityBytes }), expected);
  }
});

Deno.test("the name of a local channel is checked as any other", () => {
  assert.equal(LocalChannel.create({ name: "mine" }).handle.name, "mine");
  assert.throws(() => LocalChannel.create({ name: "a/b" }), TypeError);
});

Deno.test("other options are checked too", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const rejects = (options: unknown, message: RegExp) =>
    assert.throws(() => new Pusher("a", options as ChannelOptions), { name: "TypeError", message });
  rejects(null, /new Pusher\(\) takes its options as an object, not null/);
  rejects("x", /as an object, not "x": write \{ dir: "x" \}/);
  rejects(4096, /as an object, not 4096: write \{ capacityBytes: 4096 \}/);
  rejects(
    { dir, capacity: 4096 },
    /no option "capacity" .* did you mean capacityBytes, in bytes\?/,
  );
  rejects({ dir, ack: true }, /new Pusher\(\) has no option "ack"/);
  rejects({ dir, persist: "yes" }, /persist must be true or false, not "yes"/);
  rejects({ dir: 5 }, /dir must be the path of a directory, not 5/);
  rejects({ dir: "" }, /dir must be the path of a directory/);
  rejects({ dir: "/tmp/a\0b" }, /dir must be the path of a directory/);
  rejects({ dir, codec: "yaml" }, /unknown codec "yaml"/);
  rejects({ dir, codec: 5 }, /codec must be one of/);
  rejects({ dir, codec: { id: "my codec" } }, /codec\.id must be 1 to 31 characters/);
  rejects({ dir, codec: { id: "mine" } }, /encode of codec "mine" must be a function/);
});

Deno.test("a ring of 2 GiB can be created, and a second one does not fit beside it", () => {
  using channel = LocalChannel.create({ capacityBytes: 2 ** 31 });
  using puller = new Puller<string>(channel.handle);
  using pusher = new Pusher<string>(channel.handle);
  pusher.send("x");
  assert.equal(puller.tryRecv(), "x");
  assert.throws(
    () => new Pusher(channel.handle),
    (error: Error) =>
      error instanceof ShmConnectionError && /a segment ends at 4 GiB/.test(error.message),
  );
  pusher.send("y");
  assert.equal(puller.tryRecv(), "y");
});

Deno.test("no socket opens on a local channel that was closed", () => {
  const channel = LocalChannel.create();
  channel.close();
  assert.throws(() => new Pusher(channel.handle), ShmClosedError);
  const used = LocalChannel.create();
  using _pusher = new Pusher(used.handle);
  used.close();
  assert.throws(() => new Puller(used.handle), ShmClosedError);
});

Deno.test("closing a local channel ends every wait on it", async () => {
  const channel = LocalChannel.create();
  using puller = new Puller(channel.handle);
  using pusher = new Pusher(channel.handle);
  pusher.send("left");
  const requests = LocalChannel.create();
  using requester = new Requester(requests.handle);
  assert.equal(await puller.recv(), "left");
  const waits = [puller.recv(), requester.request("x")];
  const loop = (async () => {
    for await (const _ of puller) assert.fail("nothing is sent");
  })();
  const start = performance.now();
  channel.close();
  channel.close();
  requests.close();
  await Promise.all([...waits.map((wait) => assert.rejects(wait, ShmClosedError)), loop]);
  assert.ok(performance.now() - start < 500);
  assert.throws(() => puller.recvSync(), ShmClosedError);
  assert.throws(() => pusher.send("late"), ShmClosedError);
  await assert.rejects(pusher.sendAsync("late"), ShmClosedError);
});

const POINT: Codec<number> = {
  id: "point.v1",
  encode: (value) => new Uint8Array([value]),
  decode: (bytes) => bytes[0],
};

for (const transport of TRANSPORTS) {
  testOn(transport, "an omitted option adopts the channel's value", (open) => {
    const channel = open(4096);
    channel.pusher<Map<number, number>>({ codec: "clone" }).send(new Map([[1, 2]]));
    const puller = channel.puller();
    assert.deepEqual(puller.tryRecv(), new Map([[1, 2]]));
    assert.equal(puller.capacityBytes, 4096);
    channel.puller({ capacityBytes: 4096, codec: "clone" });
    channel.puller({ capacityBytes: 4090 });
  });

  testOn(
    transport,
    "a conflict is an error that names both values, and changes nothing",
    (open) => {
      const channel = open(4096);
      const pusher = channel.pusher({ codec: "json" });
      pusher.send("kept");
      const conflict = (act: () => unknown, message: RegExp) =>
        assert.throws(act, (error: Error) => {
          assert.ok(error instanceof ShmConnectionError);
          assert.match(error.message, message);
          return true;
        });
      const origin =
        /process \d+ created it at 20.+Z as a queue with codec "json", capacityBytes 4096/;
      conflict(() => channel.puller({ codec: "clone" }), origin);
      conflict(() => channel.subscriber(), origin);
      conflict(() => channel.puller({ codec: "clone" }), /codec is "json", .* asks for "clone"/);
      conflict(() => channel.puller({ codec: POINT as Codec }), /codec is "json".*"point.v1"/);
      conflict(() => channel.subscriber(), /its kind is queue, .* asks for broadcast/);
      conflict(() => channel.requester(), /its kind is queue, .* asks for request/);
      assert.equal(channel.puller().tryRecv(), "kept");
    },
  );

  testOn(transport, "a channel with a custom codec needs that codec", (open) => {
    const channel = open();
    const pusher = channel.pusher<number>({ codec: POINT as Codec });
    pusher.send(7);
    assert.throws(
      () => channel.puller(),
      (error: Error) =>
        error instanceof ShmConnectionError &&
        /codec is "point.v1".*pass that codec/.test(error.message),
    );
    assert.equal(channel.puller<number>({ codec: POINT as Codec }).tryRecv(), 7);
  });

  testOn(transport, "the 129th sender and the 257th participant are rejected", (open) => {
    const channel = open(1024);
    const pushers = numbers(128).map(() => channel.pusher<number>());
    assert.throws(
      () => channel.pusher(),
      (error: Error) => error instanceof ShmConnectionError && /128 senders/.test(error.message),
    );
    const pullers = numbers(128).map(() => channel.puller<number>());
    assert.throws(
      () => channel.puller(),
      (error: Error) =>
        error instanceof ShmConnectionError && /256 participants/.test(error.message),
    );
    pushers.forEach((pusher, n) => pusher.send(n));
    const received = pullers[7].drain();
    assert.deepEqual(received.toSorted((a, b) => a - b), numbers(128));
    pullers[0].close();
    channel.puller().close();
  });
}

type Sized = { capacityBytes: number };

const RECEIVERS_FIRST: Record<string, (channel: TestChannel) => [Sized, Sized]> = {
  "a puller": (channel) => [channel.puller(), channel.pusher({ capacityBytes: 64 * 1024 })],
  "a subscriber": (channel) => [
    channel.subscriber(),
    channel.publisher({ capacityBytes: 64 * 1024 }),
  ],
  "a replier": (channel) => [
    channel.replier(),
    channel.requester({ capacityBytes: 64 * 1024 }),
  ],
};

for (const transport of TRANSPORTS) {
  for (const [name, openBoth] of Object.entries(RECEIVERS_FIRST)) {
    testOn(transport, `${name} that came first leaves its sender the capacity`, (open) => {
      const [receiver, sender] = openBoth(open());
      assert.equal(receiver.capacityBytes, 1024 * 1024);
      assert.equal(sender.capacityBytes, 64 * 1024);
    });
  }

  testOn(transport, "each sender has a ring of the size that it asks for", (open) => {
    const channel = open(4096);
    const puller = channel.puller<number>();
    assert.equal(channel.puller({ capacityBytes: 1 << 20 }).capacityBytes, 4096);
    const capacities = [undefined, 1024, 64 * 1024, 1024];
    const pushers = capacities.map((capacityBytes) =>
      channel.pusher<number>(capacityBytes === undefined ? {} : { capacityBytes })
    );
    assert.deepEqual(pushers.map((one) => one.capacityBytes), [4096, 1024, 64 * 1024, 1024]);
    const counts = pushers.map((pusher) => {
      let accepted = 0;
      while (pusher.send(accepted)) accepted++;
      return accepted;
    });
    assert.ok(
      counts[1] === counts[3] && counts[1] < counts[0] && counts[0] < counts[2],
      `${counts}`,
    );
    const received = puller.drain();
    const expected = counts.flatMap((count) => numbers(count));
    assert.deepEqual(received.toSorted((a, b) => a - b), expected.toSorted((a, b) => a - b));
  });

  testOn(transport, "messages of every size pass rings of different sizes", (open) => {
    const channel = open(1024);
    const subscriber = channel.subscriber<Uint8Array>({ codec: "raw" });
    const publishers = [1024, 4096, 256 * 1024].map((capacityBytes) =>
      channel.publisher<Uint8Array>({ codec: "raw", capacityBytes })
    );
    for (const length of [0, 1, 400, 600, 2000, 3000, 100_000, 200_000]) {
      publishers.forEach((publisher, index) => {
        publisher.send(new Uint8Array(length).fill(index));
        assert.deepEqual(subscriber.tryRecv(), new Uint8Array(length).fill(index));
      });
    }
  });

  testOn(transport, "a sender takes over a ring of its size, and no other", (open) => {
    const channel = open(2048);
    const puller = channel.puller<string>();
    for (const capacityBytes of [1024, 4096, 1024, 4096, 2048]) {
      const pusher = channel.pusher<string>({ capacityBytes });
      pusher.send("x".repeat(300));
      pusher.close();
    }
    assert.equal(puller.drain().length, 5);
    const { lanes } = takeSnapshot(new BytesInMemory(channel.bytes().slice()));
    assert.deepEqual(lanes.map((lane) => lane.capacityBytes), [2048, 1024, 4096]);
  });

  testOn(transport, "a channel whose free rings have other sizes says so", (open) => {
    const channel = open(1024);
    channel.puller();
    numbers(128).forEach((n) => channel.pusher({ capacityBytes: 1024 + 64 * n }).close());
    channel.pusher({ capacityBytes: 2048 }).close();
    assert.throws(() => channel.pusher({ capacityBytes: 1 << 20 }), {
      name: "ShmConnectionError",
      message: /it has 128 rings, and the free ones are not of 1048576 bytes; use fewer values/,
    });
  });
}

Deno.test("one participant that sets persist is enough, in every order", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using _other = new Pusher("other", { dir });
  for (const order of [[true, undefined], [undefined, true], [false, true], [true, false]]) {
    const sockets = order.map((persist) =>
      new Subscriber("kept", persist === undefined ? { dir } : { dir, persist })
    );
    sockets.forEach((socket) => socket.close());
    const kept = listChannels({ dir }).find(({ name }) => name === "kept");
    assert.ok(kept?.persistent, `${order}`);
    directory.discard("kept");
  }
});

Deno.test("two channels of one name in two directories are two channels", () => {
  using one = new TestDirectory();
  using two = new TestDirectory();
  using publisher = new Publisher("same", { dir: one.path });
  using subscriber = new Subscriber("same", { dir: two.path });
  publisher.send("x");
  assert.equal(subscriber.tryRecv(), undefined);
});

Deno.test("RINGBUS_DIR names the directory unless the dir option does", () => {
  using directory = new TestDirectory();
  using other = new TestDirectory();
  const before = Deno.env.get("RINGBUS_DIR");
  Deno.env.set("RINGBUS_DIR", directory.path);
  try {
    using _pusher = new Pusher("by-environment");
    assert.ok(directory.files().includes("by-environment"));
    using _other = new Pusher("by-option", { dir: other.path });
    assert.ok(other.files().includes("by-option"));
  } finally {
    if (before === undefined) Deno.env.delete("RINGBUS_DIR");
    else Deno.env.set("RINGBUS_DIR", before);
  }
});

Deno.test("a missing directory is created for its user alone", () => {
  using parent = new TestDirectory();
  const dir = parent.file("new");
  {
    using _pusher = new Pusher("a", { dir });
    const { mode } = Deno.statSync(dir);
    assert.equal(mode! & 0o777, 0o700);
  }
  assert.deepEqual([...Deno.readDirSync(dir)], []);
  parent.discard("new");
});

Deno.test("a handle survives being copied as postMessage does", () => {
  using channel = LocalChannel.create();
  const { handle } = channel;
  const copy: LocalHandle = { ringbus: "local", name: handle.name, memory: handle.memory };
  using puller = new Puller(copy);
  using pusher = new Pusher(handle);
  pusher.send(1);
  assert.equal(puller.tryRecv(), 1);
});
