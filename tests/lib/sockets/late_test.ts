// Sockets that are opened or used too late: on a channel that was closed, or in a worker that has ended.

import assert from "node:assert/strict";
import {
  LocalChannel,
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmClosedError,
  ShmConnectionError,
  Subscriber,
} from "../../../mod.ts";
import { Attachment } from "../../../lib/channel/attachment.ts";
import { AsyncWaitQueue } from "../../../lib/channel/wait.ts";
import { NONE } from "../../../lib/base/none.ts";
import { WAITERS_RECEIVERS } from "../../../wasm/layout.ts";
import { inScratch } from "../../support/scratch.ts";
import { WorkerPeer } from "../../support/worker_peer.ts";
import type { Role } from "../../../lib/segment/format.ts";

type Calls = Record<string, () => unknown>;
type Target = ConstructorParameters<typeof Pusher>[0];

/** Calls of a new socket of each kind that need the channel. */
const CALLS: Record<string, (target: Target) => [Disposable, Calls]> = {
  publisher(target) {
    const socket = new Publisher(target);
    return [socket, senderCalls(socket)];
  },
  pusher(target) {
    const socket = new Pusher(target);
    return [socket, senderCalls(socket)];
  },
  subscriber(target) {
    const socket = new Subscriber(target);
    return [socket, receiverCalls(socket)];
  },
  puller(target) {
    const socket = new Puller(target);
    return [socket, receiverCalls(socket)];
  },
  "puller with ack"(target) {
    const socket = new Puller(target, { ack: true });
    const { tryRecv, recv, recvSync } = receiverCalls(socket);
    return [socket, { tryRecv, recv, recvSync }];
  },
  replier(target) {
    const socket = new Replier(target);
    const { tryRecv, recv, recvSync } = receiverCalls(socket);
    return [socket, { tryRecv, recv, recvSync }];
  },
  requester(target) {
    const socket = new Requester(target);
    return [socket, {
      send: () => socket.send(1),
      request: () => socket.request(1, { timeoutMs: 5 }),
      requestSync: () => socket.requestSync(1, { timeoutMs: 5 }),
    }];
  },
};

function senderCalls(socket: Pusher | Publisher): Calls {
  return {
    send: () => socket.send(1),
    sendMany: () => socket.sendMany([1]),
    sendSync: () => socket.sendSync(1, { timeoutMs: 5 }),
    sendAsync: () => socket.sendAsync(1, { timeoutMs: 5 }),
  };
}

function receiverCalls(socket: Puller | Replier | Subscriber): Calls {
  return {
    tryRecv: () => socket.tryRecv(),
    recv: () => socket.recv({ timeoutMs: 5 }),
    recvSync: () => socket.recvSync({ timeoutMs: 5 }),
  };
}

for (const [kind, open] of Object.entries(CALLS)) {
  Deno.test(`each call of a ${kind} throws when its local channel was closed`, async () => {
    const channel = LocalChannel.create();
    const [socket, calls] = open(channel.handle);
    channel.close();
    for (const [name, call] of Object.entries(calls)) {
      await assert.rejects(async () => await call(), ShmClosedError, name);
    }
    socket[Symbol.dispose]();
    assert.throws(() => open(channel.handle), ShmClosedError);
  });
}

Deno.test("iterators and serve end when their local channel was closed", async () => {
  const [channel, requests] = [LocalChannel.create(), LocalChannel.create()];
  await using puller = new Puller(channel.handle);
  await using replier = new Replier(requests.handle);
  channel.close();
  requests.close();
  for await (const _ of puller) assert.fail("nothing was sent");
  await replier.serve((value) => value);
});

Deno.test("a request whose channel is closed within its timeout throws ShmClosedError", async () => {
  const channel = LocalChannel.create();
  using requester = new Requester(channel.handle);
  using _replier = new Replier(channel.handle);
  const reply = requester.request(1, { timeoutMs: 1 });
  channel.close();
  await assert.rejects(reply, ShmClosedError);
});

Deno.test("a send whose channel is closed within its timeout throws ShmClosedError", async () => {
  const channel = LocalChannel.create({ capacityBytes: 1024 });
  using pusher = new Pusher<Uint8Array>(channel.handle);
  const bytes = new Uint8Array(200);
  while (pusher.send(bytes)) continue;
  const sent = pusher.sendAsync(bytes, { timeoutMs: 1 });
  channel.close();
  await assert.rejects(sent, ShmClosedError);
});

Deno.test("an error of what checks a wait rejects the calls that wait", async () => {
  const channel = LocalChannel.create();
  const attachment = new Attachment(channel.handle, "queue", "puller", {});
  let checks = 0;
  const waits = new AsyncWaitQueue({
    attachment,
    side: WAITERS_RECEIVERS,
    evictStalled() {
      // The first two checks are those of the calls, the third one that of a timer.
      if (++checks === 3) throw new ShmConnectionError("no memory is left");
    },
    waitBoundMs: () => 1,
  });
  const waiting = [waits.wait(() => NONE, undefined), waits.wait(() => NONE, undefined)];
  await Promise.all(waiting.map((each) => assert.rejects(each, /no memory is left/)));
  attachment.close();
});

for (const role of ["puller", "replier", "publisher"] as const satisfies Role[]) {
  Deno.test(`a worker catches the error of a ${role} on a channel that was closed`, async () => {
    const channel = LocalChannel.create();
    channel.close();
    using worker = new WorkerPeer();
    const command = { do: "open", id: "late", role, target: channel.handle } as const;
    await assert.rejects(worker.execute(command), { kind: "ShmClosedError" });
    const other = LocalChannel.create();
    await worker.execute({ do: "open", id: "late", role, target: other.handle });
    await worker.execute({ do: "close" });
  });
}

Deno.test("a replier that is there before its requesters serves them, in every order of closing", async () => {
  for (const isReplierFirst of [true, false]) {
    using channel = LocalChannel.create();
    using replier = new Replier<number, number>(channel.handle);
    const served = replier.serve((n) => n * 2);
    using requester = new Requester<number, number>(channel.handle);
    assert.equal(await requester.request(21, { timeoutMs: 5000 }), 42);
    (isReplierFirst ? replier : requester).close();
    channel.close();
    (isReplierFirst ? requester : replier).close();
    await served;
  }
});

Deno.test("a handle that is posted to a terminated worker harms nothing", () => {
  using channel = LocalChannel.create();
  const worker = new WorkerPeer();
  worker[Symbol.dispose]();
  worker.sendCommand({ do: "open", id: "late", role: "puller", target: channel.handle });
  using pusher = new Pusher<number>(channel.handle);
  using puller = new Puller<number>(channel.handle);
  pusher.send(1);
  assert.equal(puller.tryRecv(), 1);
});

Deno.test("what is almost the handle of a local channel is refused with the remedy", () => {
  using channel = LocalChannel.create();
  assert.throws(
    () => new Puller(channel as unknown as string),
    (error: Error) => error instanceof TypeError && /pass the handle/.test(error.message),
  );
  const copy = JSON.parse(JSON.stringify(channel.handle));
  assert.throws(
    () => new Puller(copy),
    (error: Error) => error instanceof TypeError && /postMessage/.test(error.message),
  );
});

Deno.test("a requester whose file was removed rejects requests as a pusher rejects messages", () =>
  inScratch(async ({ path: dir }) => {
    using requester = new Requester("lost", { dir });
    Deno.removeSync(`${dir}/lost`);
    const end = performance.now() + 5000;
    let error: unknown;
    while (error === undefined && performance.now() < end) {
      try {
        requester.send(1);
        await new Promise((resolve) => setTimeout(resolve, 20));
      } catch (thrown) {
        error = thrown;
      }
    }
    assert.ok(error instanceof ShmConnectionError, String(error));
    assert.match(error.message, /was removed, moved or replaced/);
    requester.close();
  }));
