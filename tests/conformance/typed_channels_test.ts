// Channels with a schema, on both carriers: what does not match is stopped on the side that checks, whichever
// call sends or receives it.

import assert from "node:assert/strict";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import {
  defineChannel,
  type Instrumentation,
  LocalChannel,
  type LocalHandle,
  Pusher,
  Replier,
  Requester,
  SchemaError,
  ShmRemoteError,
  type StandardSchema,
  Subscriber,
  typeOnly,
} from "../../mod.ts";
import { within } from "../support/deadline.ts";
import { Program } from "../support/program.ts";
import { movements, poses, positions, tasks } from "../support/typed_channels.ts";
import { TestDirectory } from "./channel/directory.ts";

/** Where a channel is, and the options of sockets that reach it without its definition. */
interface Place {
  readonly target: string | LocalHandle;
  readonly dir: { readonly dir?: string };
}

/** Runs a test on a local channel, and on a segment. */
function testOnBoth(title: string, test: (place: Place) => void | Promise<void>): void {
  Deno.test(`${title}: local channel`, async () => {
    using channel = LocalChannel.create({ capacityBytes: 64 * 1024 });
    await test({ target: channel.handle, dir: {} });
  });
  Deno.test(`${title}: segment`, async () => {
    using directory = new TestDirectory();
    await test({ target: "typed", dir: { dir: directory.path } });
  });
}

/** The schema error of a call. */
function schemaError(call: () => unknown): SchemaError {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof SchemaError, `${error}`);
    assert.equal(error.code, "schema");
    return error;
  }
  assert.fail("nothing was thrown");
}

const LIBRARIES: Record<string, StandardSchema<{ joints: { angle: number }[] }>> = {
  zod: z.object({ joints: z.array(z.object({ angle: z.number() })) }),
  valibot: v.object({ joints: v.array(v.object({ angle: v.number() })) }),
  arktype: type({ joints: type({ angle: "number" }).array() }),
};

for (const [library, schema] of Object.entries(LIBRARIES)) {
  testOnBoth(
    `no call of a sender sends what a schema of ${library} rejects`,
    async ({ target, dir }) => {
      const arm = defineChannel("arm", { pattern: "publish/subscribe", schema }).on(target);
      using subscriber = arm.subscriber(dir);
      using publisher = arm.publisher(dir);
      const good = { joints: [{ angle: 1 }] };
      const bad = { joints: [{ angle: 1 }, { angle: "2" as unknown as number }] };
      for (
        const send of [
          () => publisher.send(bad),
          () => publisher.sendSync(bad),
          () => publisher.sendMany([bad]),
        ]
      ) {
        const error = schemaError(send);
        assert.deepEqual(error.issues.map(({ path }) => path), ["$.joints[1].angle"]);
        assert.match(
          error.message,
          /^cannot send on channel "(?:local|typed)": the value does not match the schema: \$\.joints\[1\]\.angle: /,
        );
      }
      await assert.rejects(publisher.sendAsync(bad), SchemaError);
      assert.equal(publisher.statistics().errors, 4);
      publisher.send(good);
      publisher.sendSync(good);
      await publisher.sendAsync(good);
      publisher.sendMany([good, good]);
      assert.deepEqual(subscriber.drain(), Array(5).fill(good));
    },
  );
}

testOnBoth("receivers get what the schema of the sender has made of a value", ({ target, dir }) => {
  using subscriber = positions.on(target).subscriber(dir);
  using publisher = positions.on(target).publisher(dir);
  publisher.send({ x: 1, y: 2 });
  assert.deepEqual(subscriber.tryRecv(), { x: 1, y: 2, labels: [] });
  assert.throws(() => publisher.send({ x: 1 } as never), /\$\.y: /);
});

testOnBoth("values with topics are checked on either side", ({ target, dir }) => {
  const schema = z.object({ angle: z.string().transform(Number) });
  for (const check of ["sender", "receiver"] as const) {
    using local = LocalChannel.create();
    const place = check === "sender" ? target : local.handle;
    const joints = defineChannel("joints", { pattern: "publish/subscribe", schema, check }).on(
      place,
    );
    using subscriber = joints.subscriber({ ...dir, topics: ["arm.*"], withTopic: true });
    using publisher = joints.publisher(dir);
    publisher.send({ angle: "1" }, { topic: "arm.elbow" });
    publisher.send({ angle: "2" }, { topic: "leg.knee" });
    publisher.sendSync({ angle: "3" }, { topic: "arm.wrist" });
    const send = () => publisher.send({ angle: 4 } as never, { topic: "arm.elbow" });
    if (check === "sender") assert.throws(send, SchemaError);
    else send();
    assert.deepEqual(subscriber.tryRecv(), { topic: "arm.elbow", value: { angle: 1 } });
    assert.deepEqual(subscriber.tryRecv(), { topic: "arm.wrist", value: { angle: 3 } });
    if (check === "sender") assert.equal(subscriber.tryRecv(), undefined);
    else assert.throws(() => subscriber.tryRecv(), SchemaError);
  }
});

testOnBoth(
  "a receiver that checks loses what does not match, and nothing else",
  async ({ target, dir }) => {
    using puller = tasks.on(target).puller(dir);
    using stranger = new Pusher(target, { ...dir, codec: "json" });
    stranger.sendMany([{ angle: 400 }, { angle: 90 }, { angle: -1 }, { angle: 91 }]);
    const error = schemaError(() => puller.tryRecv());
    assert.match(
      error.message,
      /^a message on channel ".*" does not match the schema: \$\.angle: /,
    );
    assert.match(error.message, /; it is lost, the next one is not$/);
    assert.deepEqual(puller.recvSync(), { angle: 90 });
    await assert.rejects(puller.recv(), SchemaError);
    assert.deepEqual(await puller.recv(), { angle: 91 });
    stranger.sendMany([{ angle: 1 }, { angle: "2" }, { angle: 3 }]);
    assert.deepEqual(puller.drain(), [{ angle: 1 }]);
    assert.throws(() => puller.drain(), SchemaError);
    assert.deepEqual(puller.drain(), [{ angle: 3 }]);
    stranger.send({ angle: 500 });
    await assert.rejects(async () => {
      for await (const _ of puller) assert.fail("it was received");
    }, SchemaError);
    assert.equal(puller.statistics().errors, 4);
  },
);

testOnBoth(
  "a puller that acknowledges does not get what does not match again",
  ({ target, dir }) => {
    using puller = tasks.on(target).puller({ ...dir, ack: true });
    using stranger = new Pusher(target, { ...dir, codec: "json" });
    stranger.sendMany([{ angle: 400 }, { angle: 90 }]);
    assert.throws(() => puller.tryRecv(), SchemaError);
    const delivery = puller.tryRecv()!;
    assert.deepEqual(delivery.value, { angle: 90 });
    delivery.ack();
    assert.equal(puller.tryRecv(), undefined);
  },
);

testOnBoth("with check none the schema is a type", ({ target, dir }) => {
  const schema = z.object({ angle: z.string().transform(Number) });
  const definition = { pattern: "push/pull", schema, check: "none" } as const;
  using puller = defineChannel("free", definition).on(target).puller(dir);
  using pusher = defineChannel("free", definition).on(target).pusher(dir);
  pusher.send({ angle: 7 });
  assert.deepEqual(puller.tryRecv(), { angle: 7 });
  pusher.send({ angle: "wrong" } as never);
  assert.deepEqual(puller.tryRecv(), { angle: "wrong" });
});

testOnBoth("requests, replies and parts have schemas of their own", async ({ target, dir }) => {
  using replier = movements.on(target).replier(dir);
  using requester = movements.on(target).requester(dir);
  const stop = new AbortController();
  const served = replier.serveStream(async function* ({ joint, speed = 1 }) {
    yield speed;
    if (joint === "broken") yield "part" as never;
    if (joint === "odd") return { angle: "reply" } as never;
    if (joint === "silent") return undefined;
    return { angle: 10 * speed };
  }, { signal: stop.signal });

  const parts = async (joint: string) => {
    const received: number[] = [];
    for await (const part of requester.stream({ joint })) received.push(part);
    return received;
  };
  assert.deepEqual(await requester.request({ joint: "elbow", speed: 2 }), { angle: 20 });
  assert.deepEqual(await parts("elbow"), [1]);
  assert.deepEqual(await parts("silent"), [1]);
  await assert.rejects(parts("broken"), (error: ShmRemoteError) => {
    assert.ok(error instanceof ShmRemoteError);
    assert.equal(error.remoteCode, "schema");
    assert.match(
      error.message,
      /^cannot reply on channel .*: the value does not match the schema: \$: /,
    );
    return true;
  });
  await assert.rejects(parts("odd"), /\$\.angle: /);
  await assert.rejects(requester.request({ joint: "odd" }), { remoteCode: "schema" });
  await assert.rejects(requester.request({ joint: "silent" }), { remoteCode: "schema" });
  await assert.rejects(requester.request({ joint: "elbow", speed: -1 }), {
    name: "SchemaError",
    message:
      /^cannot send a request on channel .*: the value does not match the schema: \$\.speed: /,
  });
  assert.throws(() => requester.requestSync({ joint: 1 } as never), SchemaError);
  assert.deepEqual(await requester.request({ joint: "elbow" }), { angle: 10 });
  stop.abort();
  await served;
});

testOnBoth(
  "a replier that checks goes on serving after a request that does not match",
  async (place) => {
    const { target, dir } = place;
    const schema = { request: z.number(), reply: z.string(), part: z.boolean() };
    const checked = defineChannel("checked", {
      pattern: "request/reply",
      schema,
      check: "receiver",
    });
    using replier = checked.on(target).replier(dir);
    using stranger = new Requester<unknown, unknown>(target, dir);
    const stop = new AbortController();
    const served = replier.serve((n) => String(n), { signal: stop.signal });
    await assert.rejects(stranger.request("one"), {
      name: "ShmRemoteError",
      remoteCode: "schema",
      message: /^a request on channel .* does not match the schema: \$: /,
    });
    assert.equal(await stranger.request(1), "1");
    stop.abort();
    await served;
    stranger.send("two");
    assert.throws(() => replier.recvSync(), SchemaError);
    await assert.rejects(stranger.recv(), { remoteCode: "schema" });
  },
);

testOnBoth("a requester that checks rejects replies and parts that do not match", async (place) => {
  const { target, dir } = place;
  const schema = { request: z.number(), reply: z.string(), part: z.boolean() };
  const checked = defineChannel("checked", { pattern: "request/reply", schema, check: "receiver" });
  using requester = checked.on(target).requester(dir);
  using stranger = new Replier<number, unknown>(target, dir);
  const stop = new AbortController();
  const served = stranger.serveStream<unknown>(async function* (n) {
    yield n > 1 ? true : "part";
    return n > 2 ? undefined : "end";
  }, { signal: stop.signal, reply: (n) => n > 1 ? "reply" : n });
  await assert.rejects(requester.request(1), {
    name: "SchemaError",
    message: /^a reply on channel .* does not match the schema: \$: /,
  });
  assert.equal(await requester.request(2), "reply");
  await assert.rejects(requester.stream(1).next(), SchemaError);
  const parts: boolean[] = [];
  for await (const part of requester.stream(2)) parts.push(part);
  for await (const part of requester.stream(3)) parts.push(part);
  assert.deepEqual(parts, [true, true]);
  stop.abort();
  await served;
});

testOnBoth("bytes and tensors are checked as well", ({ target, dir }) => {
  const size = (length: number) =>
    z.instanceof(Uint8Array).refine((bytes) => bytes.length === length, "another size");
  const frames = defineChannel("frames", { pattern: "push/pull", schema: size(3), codec: "raw" });
  using pusher = frames.on(target).pusher(dir);
  using puller = frames.on(target).puller(dir);
  for (const wrong of [new Uint8Array(4), new Float32Array(3)]) {
    assert.throws(() => pusher.send(wrong as Uint8Array<ArrayBuffer>), SchemaError);
    assert.throws(() => pusher.sendMany([wrong as Uint8Array<ArrayBuffer>]), SchemaError);
  }
  pusher.send(Uint8Array.of(1, 2, 3));
  pusher.sendMany(new Uint8Array(8), [4, 4]);
  assert.deepEqual(puller.drain().map(({ length }) => length), [3, 4, 4]);
});

testOnBoth("a receiver of bytes that checks has arrays of its own", ({ target, dir }) => {
  const schema = z.instanceof(Uint8Array).refine((bytes) => bytes.length === 3, "another size");
  const definition = { pattern: "push/pull", schema, codec: "raw", check: "receiver" } as const;
  using puller = defineChannel("frames", definition).on(target).puller(dir);
  using stranger = new Pusher<Uint8Array>(target, { ...dir, codec: "raw" });
  const sent = [1, 2, 3, 4].map((n) => new Uint8Array(n === 2 ? 4 : 3).fill(n));
  stranger.sendMany(sent);
  const first = puller.tryRecv()!;
  assert.throws(() => puller.tryRecv(), SchemaError);
  const rest = puller.drain();
  assert.deepEqual([first, ...rest], [sent[0], sent[2], sent[3]]);
  stranger.sendMany(new Uint8Array(7), [3, 4]);
  assert.equal(puller.drain().length, 1);
  assert.throws(() => puller.drain(), SchemaError);
});

const OBSERVED: Instrumentation = {
  begin: () => ({
    headers: { traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01` },
    run: (call) => call(),
    end() {},
    fail() {},
  }),
  received() {},
  callHeaders: () => undefined,
};

testOnBoth(
  "values are checked once, also when they travel with headers",
  async ({ target, dir }) => {
    const instrumentation = OBSERVED;
    const length = z.string().transform((text) => text.length);
    for (const check of ["sender", "receiver"] as const) {
      using local = LocalChannel.create();
      const definition = { pattern: "push/pull", schema: length, check } as const;
      const words = defineChannel("words", definition).on(local.handle);
      using pusher = words.pusher({ instrumentation });
      using puller = words.puller({ instrumentation });
      pusher.send("three");
      assert.equal(puller.tryRecv(), 5);
    }
    const schema = { request: length, reply: length };
    const lengths = defineChannel("lengths", { pattern: "request/reply", schema }).on(target);
    using replier = lengths.replier({ ...dir, instrumentation });
    using requester = lengths.requester({ ...dir, instrumentation });
    const stop = new AbortController();
    const served = replier.serve((n) => "x".repeat(n + 1), { signal: stop.signal });
    assert.equal(await requester.request("four"), 5);
    stop.abort();
    await served;
  },
);

testOnBoth(
  "latest values take what the schema takes, and give what it makes of that",
  ({ target, dir }) => {
    using latest = poses.on(target).latest(dir);
    latest.set("arm", { angle: "7" });
    assert.deepEqual(latest.get("arm"), { angle: 7 });
    latest.update("arm", (pose) => ({ angle: `${pose!.angle + 1}` }));
    assert.deepEqual(latest.get("arm"), { angle: 8 });
    assert.throws(() => latest.set("arm", { angle: 9 } as never), {
      name: "SchemaError",
      message:
        /^cannot set a value of channel ".*": the value does not match the schema: \$\.angle: /,
    });
    assert.deepEqual(latest.get("arm"), { angle: 8 });
  },
);

testOnBoth("latest values that do not match are not read by those who check", ({ target, dir }) => {
  const schema = z.object({ angle: z.number() });
  using stranger = defineChannel("p", { pattern: "latest", schema: typeOnly<unknown>() }).on(target)
    .latest(dir);
  using latest = defineChannel("p", { pattern: "latest", schema, check: "receiver" }).on(target)
    .latest(dir);
  stranger.set("arm", 1);
  assert.throws(() => latest.get("arm"), /^SchemaError: a value of channel ".*" does not match/);
  stranger.set("arm", { angle: 1 });
  assert.deepEqual(latest.get("arm"), { angle: 1 });
});

testOnBoth(
  "an asynchronous schema is an error of the call that asks it",
  async ({ target, dir }) => {
    const schema = z.number().refine(() => Promise.resolve(true));
    const sender = defineChannel("later", { pattern: "push/pull", schema }).on(target);
    const receiver = defineChannel("later", { pattern: "push/pull", schema, check: "receiver" });
    using pusher = sender.pusher(dir);
    const expected = /its schema is asynchronous, and sockets send and receive without waiting/;
    assert.throws(() => pusher.send(1), { name: "TypeError", message: expected });
    await assert.rejects(pusher.sendAsync(1), { name: "TypeError", message: expected });
    using puller = receiver.on(target).puller(dir);
    using stranger = new Pusher(target, dir);
    stranger.send(1);
    assert.throws(() => puller.tryRecv(), { name: "ShmSerializationError", message: expected });
    // What a schema rejects too late is not an unhandled rejection.
    const failing: StandardSchema<number> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => Promise.reject(new Error("late")),
      },
    };
    using other = LocalChannel.create();
    using late = defineChannel("late", { pattern: "push/pull", schema: failing }).on(other.handle)
      .pusher();
    assert.throws(() => late.send(1), { name: "TypeError", message: expected });
  },
);

Deno.test("a schema that throws sends nothing, and its error is the cause", () => {
  const cause = new RangeError("broken");
  const schema: StandardSchema<number> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate() {
        throw cause;
      },
    },
  };
  using local = LocalChannel.create();
  const channel = defineChannel("broken", { pattern: "push/pull", schema }).on(local.handle);
  using pusher = channel.pusher();
  const error = schemaError(() => pusher.send(1));
  assert.equal(error.cause, cause);
  assert.match(error.message, /the value cannot be checked: the schema threw: broken$/);
});

Deno.test("errors name the keys of all kinds, and at most three issues", () => {
  const schema: StandardSchema<unknown> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: () => ({
        issues: [
          { message: "a", path: ["users", 3, { key: "first name" }] },
          { message: "b", path: [Symbol("s")] },
          { message: "c" },
          { message: "d", path: [""] },
          { message: "e", path: ["$x"] },
        ],
      }),
    },
  };
  using local = LocalChannel.create();
  const channel = defineChannel("keys", { pattern: "push/pull", schema }).on(local.handle);
  using pusher = channel.pusher();
  const error = schemaError(() => pusher.send(1));
  assert.equal(
    error.message,
    'cannot send on channel "local": the value does not match the schema: ' +
      '$.users[3]["first name"]: a; $[Symbol(s)]: b; $: c; and 2 more issues',
  );
  assert.deepEqual(error.issues.map(({ path }) => path).slice(3), ['$[""]', "$.$x"]);
});

Deno.test("the pattern decides which sockets there are, and what they are", () => {
  const schema = typeOnly<number>();
  const both = { request: schema, reply: schema };
  const methods = (channel: object) => Object.keys(channel).slice(3).sort();
  const broadcast = defineChannel("a", { pattern: "publish/subscribe", schema });
  assert.deepEqual(methods(broadcast), ["publisher", "subscriber"]);
  assert.deepEqual(methods(defineChannel("a", { pattern: "push/pull", schema })), [
    "puller",
    "pusher",
  ]);
  assert.deepEqual(methods(defineChannel("a", { pattern: "request/reply", schema: both })), [
    "replier",
    "requester",
  ]);
  assert.deepEqual(methods(defineChannel("a", { pattern: "latest", schema })), ["latest"]);
  assert.deepEqual([broadcast.name, broadcast.pattern], ["a", "publish/subscribe"]);
  assert.equal(broadcast.on("b").name, "b");
  using local = LocalChannel.create();
  using subscriber = broadcast.on(local.handle).subscriber({ since: "oldest" });
  assert.ok(subscriber instanceof Subscriber);
});

Deno.test("a definition and its sockets reject what they do not take", () => {
  const schema = typeOnly<number>();
  const pattern = "publish/subscribe";
  const cases: [unknown, RegExp][] = [
    [undefined, /^defineChannel\(\) takes its options as an object/],
    [{ schema }, /^pattern must be one of "publish\/subscribe", .* not undefined/],
    [{ pattern: "pub/sub", schema }, /^pattern must be one of .* not "pub\/sub"/],
    [{ pattern }, /^schema must be a Standard Schema, version 1, .* not undefined/],
    [{ pattern, schema: {} }, /^schema must be a Standard Schema/],
    [{ pattern, schema: { request: schema, reply: schema } }, /^schema must be a Standard Schema/],
    [{ pattern: "request/reply", schema }, /^schema must be { request, reply } .* not one schema/],
    [{ pattern: "request/reply", schema: 7 }, /^schema must be { request, reply } .* not 7/],
    [{ pattern: "request/reply", schema: { request: schema } }, /^reply must be a Standard Schema/],
    [
      { pattern: "request/reply", schema: { request: schema, replies: schema } },
      /"replies".*reply/,
    ],
    [{ pattern, schema, codec: "xml" }, /unknown codec "xml"/],
    [{ pattern, schema, check: "both" }, /^check must be one of "sender", "receiver", "none"/],
    [{ pattern, schema, validate: true }, /no option "validate".*pass check/],
    [{ pattern, schema, capacityBytes: 1 }, /^capacityBytes must be from/],
    [{ pattern, schema, capacity_bytes: 4096 }, /did you mean capacityBytes/],
  ];
  for (const [definition, message] of cases) {
    assert.throws(() => defineChannel("a", definition as never), { message });
  }
  assert.throws(() => defineChannel("not a name", { pattern, schema }), /cannot open channel/);
  const channel = defineChannel("a", { pattern, schema });
  assert.throws(() => channel.publisher({ codec: "json" } as never), {
    name: "TypeError",
    message: /^publisher\(\) has no option "codec"; defineChannel\(\) decides it for "a"$/,
  });
  assert.throws(() => channel.publisher({ since: 3 } as never), /no option "since"/);
  assert.throws(() => channel.publisher(7 as never), /takes its options as an object, not 7/);
  assert.throws(() => channel.on("not a name"), /cannot open channel/);
});

Deno.test("programs that import one definition agree on codec, capacity and types", async () => {
  using directory = new TestDirectory();
  const env = { RINGBUS_DIR: directory.path };
  const file = "tests/support/programs/typed_robot.ts";
  await using robot = new Program(["--allow-ffi", "--allow-env", "--allow-read", file], env);
  await robot.prints("ready");
  const { dir } = { dir: directory.path };
  {
    using subscriber = positions.subscriber({ dir });
    using requester = movements.requester({ dir });
    assert.equal(subscriber.capacityBytes, 64 * 1024);
    const parts: number[] = [];
    for await (const part of requester.stream({ joint: "arm", speed: 3 })) parts.push(part);
    assert.deepEqual(parts, [3, 6]);
    const received = await within(subscriber.recv(), "a position");
    assert.deepEqual(received, { x: 3, y: 6, labels: ["moved"] });
    await assert.rejects(requester.request({ joint: "broken" }), { remoteCode: "schema" });
    assert.deepEqual(await requester.request({ joint: "end" }), { angle: 2 });
  }
  assert.deepEqual(await robot.lines(), ["ready", "refused: $.y"]);
});
