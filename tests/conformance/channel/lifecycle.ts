// Closing, and use after it.

import assert from "node:assert/strict";
import { ShmClosedError, type Socket } from "../../../mod.ts";
import { testOn, type TestTransport } from "./channel.ts";
import { numbers } from "./values.ts";

function throwAll(calls: Record<string, () => unknown>, socket: Socket): void {
  for (const [name, call] of Object.entries(calls)) {
    assert.throws(
      call,
      (error: Error) =>
        error instanceof ShmClosedError && /is closed; open a new/.test(error.message),
      name,
    );
  }
  assert.equal(socket.closed, true);
  socket.close();
  socket[Symbol.dispose]();
}

async function rejectAll(calls: Record<string, () => Promise<unknown>>): Promise<void> {
  for (const [name, call] of Object.entries(calls)) {
    await assert.rejects(call, ShmClosedError, name);
  }
}

export function testLifecycle(transport: TestTransport): void {
  testOn(transport, "a closed sender rejects each call", async (open) => {
    const channel = open();
    const socket = channel.publisher({ codec: "raw" });
    socket.send(new Uint8Array(3));
    socket.close();
    const bytes = new Uint8Array(1);
    throwAll({
      send: () => socket.send(bytes),
      sendSync: () => socket.sendSync(bytes),
      sendMany: () => socket.sendMany([bytes]),
      loan: () => socket.loan(1),
    }, socket);
    await rejectAll({ sendAsync: () => socket.sendAsync(bytes) });
    assert.equal(socket.statistics().sent, 1);
  });

  testOn(transport, "a closed receiver rejects each call", async (open) => {
    const channel = open();
    const socket = channel.subscriber({ codec: "raw" });
    channel.publisher().send(new Uint8Array(3));
    assert.ok(socket.tryRecv());
    socket.close();
    throwAll({
      tryRecv: () => socket.tryRecv(),
      recvSync: () => socket.recvSync(),
      drain: () => socket.drain(),
      tryRecvInto: () => socket.tryRecvInto(new Uint8Array(1)),
      recvIntoSync: () => socket.recvIntoSync(new Uint8Array(1)),
      recvView: () => socket.recvView(),
    }, socket);
    await rejectAll({ recv: () => socket.recv() });
    for await (const _ of socket) assert.fail("a closed socket has no messages");
    assert.equal(socket.statistics().received, 1);
  });

  testOn(transport, "a closed requester and replier reject each call", async (open) => {
    const channel = open();
    const requester = channel.requester();
    const replier = channel.replier();
    requester.close();
    replier.close();
    throwAll({
      send: () => requester.send(1),
      requestSync: () => requester.requestSync(1),
      recvSync: () => requester.recvSync(),
    }, requester);
    throwAll({
      tryRecv: () => replier.tryRecv(),
      recvSync: () => replier.recvSync(),
      send: () => replier.send(1),
    }, replier);
    await rejectAll({
      request: () => requester.request(1),
      recv: () => requester.recv(),
      "replier.recv": () => replier.recv(),
      serve: () => replier.serve((x) => x),
    });
  });

  testOn(transport, "using and await using close a socket", async (open) => {
    const channel = open();
    const kept = channel.puller();
    let outer;
    {
      using pusher = channel.pusher();
      outer = pusher;
      pusher.send("a");
    }
    assert.equal(outer.closed, true);
    {
      await using puller = channel.puller();
      assert.equal(puller.tryRecv(), "a");
      outer = puller;
    }
    assert.equal(outer.closed, true);
    assert.equal(kept.closed, false);
  });

  testOn(transport, "a socket can be closed while an iterator waits and reopened", async (open) => {
    const channel = open();
    const pusher = channel.pusher<number>();
    for (let round = 0; round < 5; round++) {
      const puller = channel.puller<number>();
      const loop = (async () => {
        const seen: number[] = [];
        for await (const value of puller) {
          seen.push(value);
          setTimeout(() => puller.close(), 3);
        }
        return seen;
      })();
      pusher.send(round);
      assert.deepEqual(await loop, [round]);
    }
  });

  testOn(transport, "sockets report their channel's name and capacity", (open) => {
    const channel = open(5000);
    const pusher = channel.pusher();
    assert.equal(pusher.name, typeof channel.target === "string" ? "test" : "local");
    assert.equal(pusher.capacityBytes, 5056);
    assert.equal(channel.puller().capacityBytes, 5056);
  });

  testOn(transport, "slots and lanes are used again", (open) => {
    const channel = open(1024);
    const kept = channel.subscriber<number>();
    for (const n of numbers(600)) {
      const publisher = channel.publisher<number>();
      publisher.send(n);
      channel.subscriber().close();
      publisher.close();
      assert.equal(kept.tryRecv(), n);
    }
    const bytes = channel.bytes().length;
    assert.ok(bytes < 200_000, `the segment has grown to ${bytes} bytes`);
  });
}
