import assert from "node:assert/strict";
import {
  LocalChannel,
  type LocalHandle,
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  Subscriber,
} from "../../../mod.ts";
import { controlOffset } from "../../../lib/segment/format.ts";
import {
  CONTROL_PARTICIPANTS,
  HEADER_CAPACITY,
  MAX_REQUESTS,
  PARTICIPANT_BYTES,
  PARTICIPANT_REGION,
  REQUEST_DONE,
  REQUEST_SLOTS,
  SLOT_DONE,
  SLOT_STATE,
  SLOT_WRITING,
} from "../../../wasm/layout.ts";
import { replaceRing } from "../../stress/corruption/interpose.ts";
import { until } from "../../support/deadline.ts";
import { openSocket } from "../../support/peer.ts";
import { inScratch } from "../../support/scratch.ts";
import { untilReceiversBlocked } from "../../support/segment.ts";
import { WorkerPeer } from "../../support/worker_peer.ts";

/** Ways of a pusher to send one message; false when there is no space. */
const SEND: Record<string, (pusher: Pusher<Uint8Array>) => boolean | Promise<boolean>> = {
  send: (pusher) => pusher.send(new Uint8Array(100)),
  sendMany: (pusher) => pusher.sendMany([new Uint8Array(100)]) === 1,
  loan(pusher) {
    const loan = pusher.loan(100);
    loan?.commit();
    return loan !== undefined;
  },
  sendSync: (pusher) => {
    pusher.sendSync(new Uint8Array(100), { timeoutMs: 20_000 });
    return true;
  },
  sendAsync: (pusher) =>
    pusher.sendAsync(new Uint8Array(100), { timeoutMs: 20_000 }).then(() => true),
};

for (const [call, send] of Object.entries(SEND)) {
  Deno.test(`a killed owner of a view does not block a pusher that calls ${call}`, () =>
    inScratch(async ({ path: dir, spawn }) => {
      const options = { dir, codec: "raw", capacityBytes: 1024 } as const;
      const holder = spawn();
      await openSocket(holder, "in", "puller", "held", options);
      using pusher = new Pusher<Uint8Array>("held", options);
      using puller = new Puller<Uint8Array>("held", options);
      while (pusher.send(new Uint8Array(100))) continue;
      assert.equal(await holder.execute({ do: "hold", id: "in" }), 100);
      puller.drain();
      while (pusher.send(new Uint8Array(100))) continue;
      puller.drain();
      holder.kill("SIGKILL");
      await holder.ended();
      for (let n = 0; n < 30; n++) {
        await until(() => send(pusher), `sending of message ${n} by ${call}`);
        assert.equal(puller.tryRecv()?.length, 100);
      }
    }));
}

Deno.test("a process without descriptors does not take a live owner of a view for dead", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const options = { dir, codec: "raw", capacityBytes: 1024 } as const;
    using puller = new Puller<Uint8Array>("held", options);
    const pusher = spawn({ program: "exhausted.ts", flags: ["-A"], args: [dir] });
    assert.equal(await pusher.result(), "ready");
    using view = puller.recvView()!;
    assert.ok(view.bytes.every((byte) => byte === 1));
    puller.drain();
    await pusher.sendCommand({ do: "close" });
    assert.equal(await pusher.result(), "full");
    assert.ok(view.bytes.every((byte) => byte === 1), "the view was overwritten");
  }));

Deno.test("a pusher keeps no descriptor for pullers that are gone", () =>
  inScratch(async ({ path: dir }) => {
    using pusher = new Pusher("work", { dir });
    const doorbells = () =>
      [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => isDoorbell(name, dir)).length;
    const before = doorbells();
    for (let n = 0; n < 8; n++) {
      using worker = new WorkerPeer();
      await openSocket(worker, "in", "puller", "work", { dir });
      await worker.start({ do: "receive", id: "in", mode: "async", count: 1 });
      await untilReceiversBlocked({ path: `${dir}/work` }, 1);
      pusher.send(n);
      assert.deepEqual(await worker.result(), [n]);
      await worker.execute({ do: "close" });
    }
    assert.ok(doorbells() - before <= 2, `${doorbells() - before} descriptors of doorbells more`);
  }));

function isDoorbell(descriptor: string, dir: string): boolean {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${descriptor}`).startsWith(`${dir}/.agent-`);
  } catch {
    return false;
  }
}

/** Words of a local channel's segment. */
function wordsOf(handle: LocalHandle): { words: DataView; control: number } {
  const words = new DataView(handle.memory.buffer);
  const capacity = Number(words.getBigUint64(HEADER_CAPACITY, true));
  return { words, control: controlOffset(capacity) };
}

Deno.test("a reply whose replier died before it announced it is received", () => {
  using channel = LocalChannel.create();
  using requester = new Requester<string, string>(channel.handle);
  using replier = new Replier<string, string>(channel.handle);
  requester.send("question");
  assert.equal(replier.tryRecv(), "question");
  replier.send("reply");
  const { words, control } = wordsOf(channel.handle);
  const region = words.getUint32(control + CONTROL_PARTICIPANTS + PARTICIPANT_REGION, true);
  assert.equal(words.getBigUint64(region + REQUEST_DONE, true), 1n);
  words.setBigUint64(region + REQUEST_DONE, 0n, true);
  assert.equal(requester.recvSync({ timeoutMs: 20_000 }), "reply");
});

const REPLY = new Uint8Array(16_384);
const REQUESTS = 32;
const ASKING = 3;

/** Replies to `count` requests; returns the segment's size afterwards. */
function replyTo(replier: Replier<unknown, Uint8Array>, path: string, count: number): number {
  for (let n = 0; n < count; n++) {
    replier.recvSync({ timeoutMs: 20_000 });
    replier.send(REPLY);
  }
  return Deno.statSync(path).size;
}

for (const end of ["closes", "is killed"] as const) {
  Deno.test(`a requester that ${end} before it reads its replies leaves nothing in its replier`, () =>
    inScratch(async ({ path: dir, spawn }) => {
      using replier = new Replier<unknown, Uint8Array>("ask", { dir });
      const asking = Array.from({ length: ASKING }, () => spawn());
      for (const child of asking) {
        const options = { dir };
        await openSocket(child, "q", "requester", "ask", options);
        await child.execute({ do: "send", id: "q", values: new Array(REQUESTS).fill(0) });
      }
      const size = replyTo(replier, `${dir}/ask`, ASKING * REQUESTS);
      for (const child of asking) {
        if (end === "closes") await child.execute({ do: "close" });
        else child.kill("SIGKILL");
        if (end === "is killed") await child.ended();
      }
      using successor = new Requester<number, Uint8Array>("ask", { dir });
      // Another socket in the slot of a requester must not keep its replies alive either.
      using _other = new Replier("ask", { dir });
      for (let n = 0; n < ASKING * REQUESTS; n++) assert.ok(successor.send(n));
      assert.equal(replyTo(replier, `${dir}/ask`, ASKING * REQUESTS), size);
    }));
}

Deno.test("a requester does not use the slots in which replies to its predecessor are written", () => {
  using channel = LocalChannel.create();
  using replier = new Replier<string, string>(channel.handle);
  const first = new Requester<string, string>(channel.handle);
  first.send("question");
  assert.equal(replier.tryRecv(), "question");
  const { words, control } = wordsOf(channel.handle);
  const second = control + CONTROL_PARTICIPANTS + PARTICIPANT_BYTES;
  const slot = words.getUint32(second + PARTICIPANT_REGION, true) + REQUEST_SLOTS;
  const setStatus = (status: number) => words.setUint8(slot + SLOT_STATE + 4, status);
  // The replier is stopped in the middle of its reply, while its requester closes.
  setStatus(SLOT_WRITING);
  first.close();
  using successor = new Requester<number, string>(channel.handle);
  const sendAll = () => {
    let sent = 0;
    while (successor.send(sent)) sent++;
    return sent;
  };
  assert.equal(sendAll(), MAX_REQUESTS - 1);
  setStatus(SLOT_DONE);
  words.setBigUint64(slot - REQUEST_SLOTS + REQUEST_DONE, 1n, true);
  assert.equal(sendAll(), 1);
});

const BIG = 100_000;
const RAW = { codec: "raw", capacityBytes: 4096 } as const;

Deno.test("pushers that leave big messages behind do not make the segment grow", () =>
  inScratch(({ path: dir }) => {
    using puller = new Puller<Uint8Array>("work", { ...RAW, dir });
    const sizes = [];
    for (let n = 0; n < 6; n++) {
      using pusher = new Pusher<Uint8Array>("work", { ...RAW, dir });
      assert.ok(pusher.send(new Uint8Array(BIG).fill(n)));
      // One message is always unread when its sender closes and the next one attaches.
      if (n > 0) assert.equal(puller.tryRecv()?.at(-1), n - 1);
      sizes.push(Deno.statSync(`${dir}/work`).size);
    }
    assert.deepEqual(puller.drain().map((bytes) => bytes.at(-1)), [5]);
    assert.equal(sizes.at(-1), sizes[0]);
    return Promise.resolve();
  }));

Deno.test("publishers that leave big messages behind do not make the segment grow", () =>
  inScratch(({ path: dir }) => {
    using subscriber = new Subscriber<Uint8Array>("news", { ...RAW, dir });
    const sizes = [];
    for (let n = 0; n < 6; n++) {
      using publisher = new Publisher<Uint8Array>("news", { ...RAW, dir });
      publisher.send(new Uint8Array(BIG).fill(n));
      sizes.push(Deno.statSync(`${dir}/news`).size);
    }
    const { length } = subscriber.drain();
    assert.ok(length > 0);
    assert.equal(subscriber.statistics().missed, 6 - length);
    assert.equal(sizes.at(-1), sizes[0]);
    return Promise.resolve();
  }));

Deno.test("the successor on a lane overwrites no big message that is unread, or read in place", () =>
  inScratch(({ path: dir }) => {
    using puller = new Puller<Uint8Array>("work", { ...RAW, dir });
    const first = new Pusher<Uint8Array>("work", { ...RAW, dir });
    for (const value of [1, 2]) assert.ok(first.send(new Uint8Array(BIG).fill(value)));
    first.close();
    const view = puller.recvView()!;
    using successor = new Pusher<Uint8Array>("work", { ...RAW, dir });
    const next = new Uint8Array(BIG).fill(3);
    assert.ok(!successor.send(next));
    assert.ok(view.bytes.every((byte) => byte === 1));
    view[Symbol.dispose]();
    assert.ok(successor.send(next));
    const received = puller.drain();
    assert.deepEqual(received.map((bytes) => bytes[0]), [2, 3]);
    assert.ok(received.every((bytes) => bytes.every((byte) => byte === bytes[0])));
    return Promise.resolve();
  }));

Deno.test("a replier that dies with unread replies hands its region over to its successor", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const asking = spawn();
    await openSocket(asking, "q", "requester", "ask", { dir });
    await asking.execute({ do: "send", id: "q", values: new Array(REQUESTS).fill(0) });
    const first = new Replier<unknown, Uint8Array>("ask", { dir });
    const size = replyTo(first, `${dir}/ask`, REQUESTS);
    first.close();
    asking.kill("SIGKILL");
    await asking.ended();
    using requester = new Requester<string, Uint8Array>("ask", { dir });
    using second = new Replier<string, Uint8Array>("ask", { dir });
    for (let n = 0; n < 8; n++) {
      requester.send("again");
      second.recvSync({ timeoutMs: 20_000 });
      second.send(REPLY);
      assert.equal(requester.recvSync({ timeoutMs: 20_000 }).length, REPLY.length);
    }
    const regionOfRequester = 16_384;
    const { size: grown } = Deno.statSync(`${dir}/ask`);
    assert.ok(grown <= size + regionOfRequester, `the segment grew from ${size} to ${grown}`);
  }));

Deno.test("repliers that follow one another do not make the segment grow", () =>
  inScratch(({ path: dir }) => {
    const sizes = [];
    using _stays = new Replier("ask", { dir });
    for (let n = 0; n < 6; n++) {
      using replier = new Replier<unknown, Uint8Array>("ask", { dir });
      using requester = new Requester<number, Uint8Array>("ask", { dir });
      for (let m = 0; m < 40; m++) assert.ok(requester.send(m));
      sizes.push(replyTo(replier, `${dir}/ask`, 40));
    }
    assert.equal(sizes[5], sizes[2]);
    return Promise.resolve();
  }));

Deno.test("a drain starts again when others took its messages and their space was used again", () =>
  inScratch(({ path: dir }) => {
    // Arrays of bytes are stepped over as a run of records, other messages one by one.
    for (const [codec, step] of [["raw", "stepOver"], ["msgpack", "step"]] as const) {
      const options = { codec, dir, capacityBytes: RAW.capacityBytes };
      using pusher = new Pusher<Uint8Array>(codec, options);
      using slow = new Puller<Uint8Array>(codec, options);
      using quick = new Puller<Uint8Array>(codec, options);
      pusher.sendMany([new Uint8Array(20).fill(1), new Uint8Array(BIG).fill(2)]);
      let steps = 0;
      replaceRing(slow, (ring) => ({
        ...ring,
        [step](first: number, second: number) {
          const result = ring[step](first, second);
          if (steps++ > 0) return result;
          assert.deepEqual(quick.drain().map((bytes) => bytes[0]), [1, 2]);
          for (const value of [3, 4]) pusher.send(new Uint8Array(BIG).fill(value));
          return result;
        },
      }));
      assert.deepEqual(slow.drain().map((bytes) => bytes[0]), [3, 4]);
      assert.ok(steps > 0);
    }
    return Promise.resolve();
  }));
