import assert from "node:assert/strict";
import {
  LocalChannel,
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  Subscriber,
} from "../../../mod.ts";
import { openPlatform } from "../../../lib/platform/mod.ts";
import { ShmUnsupportedError } from "../../../lib/base/errors.ts";
import type { SocketRole } from "../../support/programs/actions.ts";
import type { Peer } from "../../support/peer.ts";
import { libcPath } from "../../support/libc.ts";
import { inScratch } from "../../support/scratch.ts";
import { WorkerPeer } from "../../support/worker_peer.ts";

/** A worker's module without imports, so that it can be loaded without a permission. */
async function bundleWorker(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--config",
      new URL("../../../deno.json", import.meta.url).pathname,
      new URL("../../support/programs/worker.ts", import.meta.url).pathname,
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return URL.createObjectURL(new Blob([stdout], { type: "text/javascript" }));
}

const bundledWorker = await bundleWorker();
const ONLY_LIBC = [`--allow-ffi=${libcPath()}`];

/** Sender, receiver, and how messages go from one to the other. */
const FLOWS = [
  ["publisher", "subscriber"],
  ["pusher", "puller"],
] as const satisfies [SocketRole, SocketRole][];

for (const [from, to] of FLOWS) {
  for (const mode of ["sync", "async"] as const) {
    Deno.test(`the C library alone is enough for ${from} and ${to} (${mode})`, () =>
      inScratch(async ({ path: dir, spawn }) => {
        const options = { dir };
        const [sender, receiver] = [spawn({ flags: ONLY_LIBC }), spawn({ flags: ONLY_LIBC })];
        await receiver.execute({ do: "open", id: "in", role: to, target: "flow", options });
        await receiver.start({ do: "receive", id: "in", mode, count: 100 });
        await sender.execute({ do: "open", id: "out", role: from, target: "flow", options });
        await sender.execute({ do: "sendRange", id: "out", producer: 1, count: 100, perPause: 10 });
        assert.equal((await receiver.result<unknown[]>()).length, 100);
      }));
  }
}

for (const mode of ["sync", "async"] as const) {
  Deno.test(`the C library alone is enough for requester and replier (${mode})`, () =>
    inScratch(async ({ path: dir, spawn }) => {
      const options = { dir };
      const [asking, replying] = [spawn({ flags: ONLY_LIBC }), spawn({ flags: ONLY_LIBC })];
      await replying.execute({ do: "open", id: "r", role: "replier", target: "ask", options });
      await replying.start({ do: "reply", id: "r", mode, name: "r" });
      await asking.execute({ do: "open", id: "q", role: "requester", target: "ask", options });
      const replies = await asking.execute({ do: "request", id: "q", mode, values: [1, "stop"] });
      assert.deepEqual(replies, [{ by: "r", of: 1 }, { by: "r", of: "stop" }]);
      assert.equal(await replying.result(), 1);
    }));
}

Deno.test("RINGBUS_DIR is used without permission to read the environment", () =>
  inScratch(async ({ path, spawn, names }) => {
    const child = spawn({ flags: ONLY_LIBC, env: { RINGBUS_DIR: path } });
    await child.execute({ do: "open", id: "out", role: "publisher", target: "news" });
    assert.ok(names().includes("news"));
  }));

Deno.test("without --allow-ffi the error names the flag and LocalChannel", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const child = spawn({ flags: [] });
    for (const role of ["publisher", "subscriber", "replier"] as const) {
      await assert.rejects(
        child.execute({ do: "open", id: "out", role, target: "news", options: { dir } }),
        (error: Error & { kind: string }) => {
          assert.equal(error.kind, "ShmPermissionError");
          assert.match(error.message, /--allow-ffi/);
          assert.match(error.message, /LocalChannel/);
          return true;
        },
      );
    }
  }));

Deno.test("on Windows the error names the backends that work there", () => {
  assert.throws(() => openPlatform("windows"), (error: Error) => {
    assert.ok(error instanceof ShmUnsupportedError);
    assert.match(error.message, /LocalChannel/);
    assert.match(error.message, /embedded server/);
    return true;
  });
});

Deno.test("a program without any permission uses a local channel", () =>
  inScratch(async ({ spawn }) => {
    const child = spawn({ flags: [], program: "local_alone.ts" });
    assert.deepEqual(await child.result(), {
      subscriber: ["news", "more"],
      puller: ["work", "more"],
      reply: 42,
    });
  }));

async function openLocal(worker: Peer, role: SocketRole, channel: LocalChannel): Promise<void> {
  await worker.execute({ do: "open", id: "w", role, target: channel.handle });
}

Deno.test({
  name: "without a permission a bundled worker receives from here",
  permissions: "none",
  fn: async () => {
    for (const [from, to] of FLOWS) {
      for (const mode of ["sync", "async"] as const) {
        using channel = LocalChannel.create();
        using worker = new WorkerPeer(bundledWorker);
        await openLocal(worker, to, channel);
        await worker.start({ do: "receive", id: "w", mode, count: 50 });
        using sender = from === "pusher"
          ? new Pusher(channel.handle)
          : new Publisher(channel.handle);
        for (let n = 0; n < 50; n++) sender.send(n);
        assert.deepEqual(await worker.result(), Array.from({ length: 50 }, (_, n) => n));
      }
    }
  },
});

Deno.test({
  name: "without a permission a bundled worker sends to here",
  permissions: "none",
  fn: async () => {
    for (const [from, to] of FLOWS) {
      using channel = LocalChannel.create();
      using worker = new WorkerPeer(bundledWorker);
      using receiver = to === "puller"
        ? new Puller<{ n: number }>(channel.handle)
        : new Subscriber<{ n: number }>(channel.handle);
      await openLocal(worker, from, channel);
      await worker.start({ do: "sendRange", id: "w", producer: 0, count: 100, perPause: 10 });
      for (let n = 0; n < 50; n++) {
        assert.equal((await receiver.recv({ timeoutMs: 20_000 })).n, n);
      }
      for (let n = 50; n < 100; n++) {
        assert.equal(receiver.recvSync({ timeoutMs: 20_000 }).n, n);
      }
      assert.equal(await worker.result(), 100);
    }
  },
});

Deno.test({
  name: "without a permission a bundled worker and this thread exchange requests and replies",
  permissions: "none",
  fn: async () => {
    for (const mode of ["serve", "sync", "async"] as const) {
      using channel = LocalChannel.create();
      using worker = new WorkerPeer(bundledWorker);
      await openLocal(worker, "replier", channel);
      await worker.start({ do: "reply", id: "w", mode, name: mode });
      using requester = new Requester(channel.handle);
      assert.deepEqual(await requester.request("a", { timeoutMs: 20_000 }), { by: mode, of: "a" });
      assert.deepEqual(requester.requestSync("stop", { timeoutMs: 20_000 }), {
        by: mode,
        of: "stop",
      });
      assert.equal(await worker.result(), 1);
    }
    using channel = LocalChannel.create();
    using worker = new WorkerPeer(bundledWorker);
    using replier = new Replier<number, number>(channel.handle);
    await openLocal(worker, "requester", channel);
    await worker.start({ do: "request", id: "w", mode: "async", values: [1, 2] });
    for (let i = 0; i < 2; i++) replier.send(10 * await replier.recv({ timeoutMs: 20_000 }));
    assert.deepEqual(await worker.result(), [10, 20]);
  },
});
