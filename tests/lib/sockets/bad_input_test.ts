// Invalid input: each kind has an error of its own, and costs no message in the ring.

import assert from "node:assert/strict";
import {
  type Codec,
  listChannels,
  LocalChannel,
  MAX_MESSAGE_BYTES,
  Pusher,
  ShmConnectionError,
  ShmPermissionError,
  ShmRemoteError,
  ShmSerializationError,
} from "../../../mod.ts";
import { type TestChannel, testOn, TRANSPORTS } from "../../conformance/channel/channel.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { numbers } from "../../conformance/channel/values.ts";

const isRoot = Deno.uid() === 0;

function throwsWith(
  act: () => unknown,
  Kind: new (message: string) => Error,
  ...messages: (string | RegExp)[]
): void {
  assert.throws(act, (error: Error) => {
    assert.ok(error instanceof Kind, `${error.name}: ${error.message}`);
    for (const message of messages) {
      if (typeof message === "string") assert.ok(error.message.includes(message), error.message);
      else assert.match(error.message, message);
    }
    return true;
  });
}

Deno.test("a local channel is not made with new", () => {
  const Constructor = LocalChannel as unknown as new (handle?: unknown) => LocalChannel;
  for (const handle of [undefined, {}, "name"]) {
    throwsWith(() => new Constructor(handle), TypeError, /call LocalChannel\.create\(\)/);
  }
});

// Directories.

Deno.test("a directory that others may write to is rejected", () => {
  using directory = new TestDirectory();
  for (const mode of [0o777, 0o770, 0o702]) {
    const dir = directory.file(`m${mode}`);
    Deno.mkdirSync(dir);
    Deno.chmodSync(dir, mode);
    throwsWith(
      () => new Pusher("a", { dir }),
      ShmPermissionError,
      `cannot use ${dir} for segments`,
      `mode ${mode.toString(8)}`,
      "name a directory of your own with mode 700",
    );
    directory.discard(`m${mode}`);
  }
});

Deno.test("a directory that is a file is rejected", () => {
  using directory = new TestDirectory();
  Deno.writeTextFileSync(directory.file("file"), "x");
  const dir = directory.file("file");
  throwsWith(() => new Pusher("a", { dir }), ShmPermissionError, dir, "it is no directory");
  const below = `${dir}/sub`;
  throwsWith(() => new Pusher("a", { dir: below }), ShmConnectionError, "cannot create", "ENOTDIR");
  directory.discard("file");
});

Deno.test("a directory that is a symbolic link is rejected, with a slash behind it too", () => {
  using directory = new TestDirectory();
  Deno.mkdirSync(directory.file("real"), { mode: 0o700 });
  Deno.symlinkSync(directory.file("real"), directory.file("link"));
  for (const dir of [directory.file("link"), `${directory.file("link")}/`]) {
    throwsWith(() => new Pusher("a", { dir }), ShmPermissionError, "it is a symbolic link");
  }
  directory.discard("link");
  directory.discard("real");
});

Deno.test("a directory whose parent is missing is rejected", () => {
  using directory = new TestDirectory();
  const dir = directory.file("no/such");
  throwsWith(() => new Pusher("a", { dir }), ShmConnectionError, dir, "ENOENT", "RINGBUS_DIR");
});

Deno.test({
  name: "another user's directory is rejected",
  ignore: !isRoot, // Only root can change the owner of a directory.
  fn() {
    using directory = new TestDirectory();
    const dir = directory.file("theirs");
    Deno.mkdirSync(dir, { mode: 0o700 });
    Deno.chownSync(dir, 12345, 12345);
    throwsWith(
      () => new Pusher("a", { dir }),
      ShmPermissionError,
      "it belongs to user 12345, not to 0",
    );
    directory.discard("theirs");
  },
});

Deno.test({
  name: "a directory that cannot be written is rejected",
  ignore: isRoot, // Root may write where the mode forbids it; the next test covers root.
  fn() {
    using directory = new TestDirectory();
    const dir = directory.file("readonly");
    Deno.mkdirSync(dir, { mode: 0o500 });
    throwsWith(() => new Pusher("a", { dir }), ShmPermissionError, "cannot be written (EACCES)");
    directory.discard("readonly");
  },
});

Deno.test({
  name: "a directory of a file system without files is rejected",
  ignore: Deno.build.os !== "linux" || !isRoot, // The test needs a directory of root.
  fn() {
    throwsWith(
      () => new Pusher("a", { dir: "/proc" }),
      ShmConnectionError,
      "/proc cannot be written",
    );
  },
});

Deno.test("the root directory is looked at as any other", () => {
  try {
    listChannels({ dir: "/" });
  } catch (error) {
    assert.ok(error instanceof ShmPermissionError, `${error}`);
  }
});

// Files in a segment's place.

Deno.test("a symbolic link in a segment's place is rejected and not followed", () => {
  using directory = new TestDirectory();
  Deno.writeTextFileSync(directory.file("target"), "precious".repeat(100));
  Deno.symlinkSync(directory.file("target"), directory.file("a"));
  throwsWith(
    () => new Pusher("a", { dir: directory.path }),
    ShmPermissionError,
    'cannot open channel "a"',
    "is a symbolic link; remove it",
  );
  assert.equal(Deno.readTextFileSync(directory.file("target")), "precious".repeat(100));
  directory.discard("a");
  directory.discard("target");
});

Deno.test("a dangling link in a segment's place is rejected and no file is created", () => {
  using directory = new TestDirectory();
  Deno.symlinkSync(directory.file("nowhere"), directory.file("a"));
  throwsWith(() => new Pusher("a", { dir: directory.path }), ShmPermissionError, "symbolic link");
  directory.discard("a");
});

Deno.test("a directory or a FIFO in a segment's place is rejected", () => {
  using directory = new TestDirectory();
  Deno.mkdirSync(directory.file("a"));
  throwsWith(() => new Pusher("a", { dir: directory.path }), ShmConnectionError, "EISDIR");
  directory.discard("a");
  const made = new Deno.Command("mkfifo", { args: [directory.file("b")] }).outputSync();
  assert.equal(made.success, true);
  throwsWith(() => new Pusher("b", { dir: directory.path }), ShmPermissionError, "no regular file");
  directory.discard("b");
});

Deno.test({
  name: "another user's segment is rejected",
  ignore: !isRoot, // Only root can change the owner of a file.
  fn() {
    using directory = new TestDirectory();
    const { path: dir } = directory;
    new Pusher("a", { dir, persist: true }).close();
    Deno.chownSync(directory.file("a"), 12345, 12345);
    throwsWith(
      () => new Pusher("a", { dir }),
      ShmPermissionError,
      'cannot open channel "a"',
      "belongs to user 12345, not to 0",
    );
    directory.discard("a");
  },
});

// Values and records.

const FRAGILE: Codec<string> = {
  id: "fragile",
  encode(value) {
    if (value === "unsendable") throw new Error("the encoder failed");
    return new TextEncoder().encode(value);
  },
  decode(bytes) {
    const text = new TextDecoder().decode(bytes);
    if (text.startsWith("bad")) throw new Error(`the decoder failed on ${text}`);
    return text;
  },
};

/** A sender and a receiver whose codec rejects some values. */
function fragilePair(channel: TestChannel, kind: string) {
  const codec = FRAGILE as Codec;
  return kind === "queue"
    ? { sender: channel.pusher<string>({ codec }), receiver: channel.puller<string>({ codec }) }
    : {
      sender: channel.publisher<string>({ codec }),
      receiver: channel.subscriber<string>({ codec }),
    };
}

function cycle(): unknown {
  const value: Record<string, unknown> = {};
  value["self"] = value;
  return value;
}

for (const transport of TRANSPORTS) {
  for (const codec of ["msgpack", "json", "raw", "clone"] as const) {
    testOn(
      transport,
      `a value that ${codec} cannot encode is rejected, and costs nothing`,
      async (open) => {
        const channel = open();
        const pusher = channel.pusher<unknown>({ codec });
        const puller = channel.puller<unknown>();
        const good = new Uint8Array([1, 2, 3]);
        pusher.send(codec === "json" ? [1] : good);
        const values: unknown[] = [() => 1, Symbol("x"), { f() {} }];
        if (codec !== "clone") values.push(cycle());
        if (codec === "raw") values.push("text", 5, null, undefined, {}, [1]);
        for (const value of values) {
          const expected = ["cannot send on channel", `codec "${codec}"`];
          throwsWith(() => pusher.send(value), ShmSerializationError, ...expected);
          throwsWith(() => pusher.sendSync(value), ShmSerializationError, ...expected);
          await assert.rejects(pusher.sendAsync(value), ShmSerializationError);
          throwsWith(() => pusher.sendMany([value]), ShmSerializationError, ...expected);
        }
        pusher.send(codec === "json" ? [2] : good);
        assert.equal(puller.drain().length, 2);
        assert.equal(pusher.statistics().errors, values.length * 4);
      },
    );
  }

  testOn(transport, "sendMany sends what comes before a value that cannot be encoded", (open) => {
    const channel = open();
    const pusher = channel.pusher<unknown>();
    throwsWith(() => pusher.sendMany([1, 2, () => 3, 4]), ShmSerializationError);
    throwsWith(
      () =>
        pusher.sendMany({
          *[Symbol.iterator]() {
            yield 5;
            throw new RangeError("mine");
          },
        }),
      RangeError,
      "mine",
    );
    assert.deepEqual(channel.puller().drain(), [1, 2, 5]);
  });

  testOn(transport, "a shape that does not fit its data is rejected", (open) => {
    const publisher = open().publisher<unknown>();
    throwsWith(
      () => publisher.send({ data: new Float64Array(6), shape: [2, 2] }),
      ShmSerializationError,
      "has 4 elements, but data has 6",
    );
  });

  testOn(
    transport,
    "a request that cannot be encoded is rejected, and its slot is free",
    async (open) => {
      const channel = open();
      const requester = channel.requester<unknown, unknown>();
      for (let i = 0; i < 300; i++) {
        await assert.rejects(requester.request(() => i), ShmSerializationError);
        throwsWith(() => requester.send(Symbol()), ShmSerializationError);
      }
      const replier = channel.replier<unknown, unknown>();
      const reply = requester.request("x", { timeoutMs: 5000 });
      assert.equal(replier.tryRecv(), "x");
      replier.send("y");
      assert.equal(await reply, "y");
    },
  );

  testOn(
    transport,
    "a record that cannot be decoded costs its neighbours nothing",
    async (open) => {
      for (const kind of ["queue", "broadcast"]) {
        const { receiver, sender } = fragilePair(open(), kind);
        const expected = [
          "cannot be decoded with codec",
          "the decoder failed on bad",
          "it is lost",
        ];
        sender.sendMany(["a", "bad1", "b", "bad2", "c", "bad3", "d"]);
        assert.equal(receiver.tryRecv(), "a");
        throwsWith(() => receiver.tryRecv(), ShmSerializationError, ...expected);
        assert.equal(receiver.recvSync(), "b");
        throwsWith(() => receiver.recvSync(), ShmSerializationError, ...expected);
        assert.equal(await receiver.recv(), "c");
        await assert.rejects(receiver.recv(), ShmSerializationError);
        assert.equal(await receiver.recv(), "d");
        assert.equal(receiver.statistics().errors, 3);
      }
    },
  );

  testOn(
    transport,
    "a record that cannot be decoded ends a drain, and the next goes on",
    (open) => {
      for (const kind of ["queue", "broadcast"]) {
        const { receiver, sender } = fragilePair(open(), kind);
        sender.sendMany(["a", "b", "bad1", "c", "bad2", "d"]);
        assert.deepEqual(receiver.drain(), ["a", "b"], kind);
        throwsWith(() => receiver.drain(), ShmSerializationError, "bad1");
        assert.deepEqual(receiver.drain(1), ["c"]);
        sender.send("e");
        throwsWith(() => receiver.drain(), ShmSerializationError, "bad2");
        assert.deepEqual(receiver.drain(), ["d", "e"]);
      }
    },
  );

  testOn(transport, "after a drain that met a bad record, bytes come in their order", (open) => {
    const channel = open();
    const codec = FRAGILE as Codec;
    const receiver = channel.puller<string>({ codec });
    const sender = channel.pusher<string>({ codec });
    const target = new Uint8Array(10);
    sender.sendMany(["a", "bad1", "b", "c"]);
    assert.deepEqual(receiver.drain(), ["a"]);
    assert.equal(receiver.tryRecvInto(target), 4);
    assert.equal(new TextDecoder().decode(target.subarray(0, 4)), "bad1");
    assert.equal(new TextDecoder().decode(receiver.recvView()!.bytes.slice()), "b");
    assert.equal(receiver.tryRecv(), "c");
  });

  testOn(transport, "a request that cannot be decoded gets an error as its reply", async (open) => {
    for (const how of ["recv", "tryRecv", "serve"] as const) {
      const channel = open();
      const codec = FRAGILE as Codec;
      const requester = channel.requester<string, string>({ codec });
      const replier = channel.replier<string, string>({ codec });
      const reply = assert.rejects(
        requester.request("bad", { timeoutMs: 5000 }),
        (error: Error) =>
          error instanceof ShmRemoteError && /cannot be decoded/.test(error.message),
      );
      const stop = new AbortController();
      if (how === "recv") await assert.rejects(replier.recv(), ShmSerializationError);
      if (how === "tryRecv") throwsWith(() => replier.tryRecv(), ShmSerializationError);
      const served = how === "serve" ? replier.serve((x) => x, { signal: stop.signal }) : undefined;
      await reply;
      stop.abort();
      await served;
      const next = requester.request("good", { timeoutMs: 5000 });
      assert.equal(replier.tryRecv(), "good");
      replier.send("fine");
      assert.equal(await next, "fine");
    }
  });

  testOn(transport, "a reply that cannot be decoded fails its request", async (open) => {
    const channel = open();
    const codec = FRAGILE as Codec;
    const requester = channel.requester<string, string>({ codec });
    const replier = channel.replier<string, string>({ codec });
    const reply = requester.request("x", { timeoutMs: 5000 });
    replier.tryRecv();
    replier.send("bad");
    await assert.rejects(reply, ShmSerializationError);
    assert.equal(requester.statistics().errors, 1);
  });

  testOn(
    transport,
    "a message larger than any channel accepts is rejected with the limit",
    (open) => {
      const channel = open();
      const pusher = channel.pusher<Uint8Array>({ codec: "raw" });
      pusher.send(new Uint8Array([1]));
      const large = new Uint8Array(MAX_MESSAGE_BYTES + 1);
      const expected = [
        `cannot send ${MAX_MESSAGE_BYTES + 1} bytes`,
        `at most ${MAX_MESSAGE_BYTES}`,
      ];
      throwsWith(() => pusher.send(large), RangeError, ...expected);
      throwsWith(() => pusher.sendMany([new Uint8Array([2]), large]), RangeError, ...expected);
      throwsWith(() => pusher.loan(MAX_MESSAGE_BYTES + 1), RangeError, ...expected);
      pusher.send(new Uint8Array([3]));
      const received = channel.puller<Uint8Array>().drain();
      assert.deepEqual(received.map(([byte]) => byte), [1, 2, 3]);
      assert.ok(channel.bytes().length < 3_000_000);
      const requests = open();
      const requester = requests.requester<Uint8Array, Uint8Array>({ codec: "raw" });
      const replier = requests.replier<Uint8Array, Uint8Array>({ codec: "raw" });
      throwsWith(() => requester.send(large), RangeError, ...expected);
      requester.send(new Uint8Array(1));
      replier.tryRecv();
      throwsWith(() => replier.send(large), RangeError, "cannot reply with", "split it");
      assert.equal(replier.send(new Uint8Array(2)), true);
      assert.equal(requester.recvSync({ timeoutMs: 5000 }).length, 2);
    },
  );

  testOn(
    transport,
    "a drain whose limit is no whole number is rejected, and takes nothing",
    (open) => {
      const channel = open();
      channel.pusher<number>().sendMany(numbers(3));
      const puller = channel.puller<number>();
      for (const most of [-1, 1.5, NaN, -Infinity, "2", null] as number[]) {
        throwsWith(
          () => puller.drain(most),
          RangeError,
          "drain takes a whole number, at least 0, not",
        );
      }
      assert.deepEqual(puller.drain(), numbers(3));
    },
  );

  testOn(transport, "a bad timeout takes no message that is there", async (open) => {
    const channel = open();
    channel.pusher<number>().sendMany(numbers(3));
    const puller = channel.puller<number>();
    for (const timeoutMs of [-1, NaN, Infinity]) {
      throwsWith(() => puller.recvSync({ timeoutMs }), RangeError, "timeoutMs");
      throwsWith(
        () => puller.recvIntoSync(new Uint8Array(9), { timeoutMs }),
        RangeError,
        "timeoutMs",
      );
      await assert.rejects(puller.recv({ timeoutMs }), RangeError);
    }
    assert.deepEqual(puller.drain(), numbers(3));
  });
}
