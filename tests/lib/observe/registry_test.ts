// Listing channels, and removing stale ones.

import assert from "node:assert/strict";
import {
  listChannels,
  Publisher,
  Puller,
  Pusher,
  removeStale,
  Replier,
  Requester,
  ShmPermissionError,
  Subscriber,
} from "../../../mod.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";

Deno.test("an empty directory has no channels", () => {
  using directory = new TestDirectory();
  assert.deepEqual(listChannels({ dir: directory.path }), []);
  assert.deepEqual(removeStale({ dir: directory.path }), []);
});

Deno.test("a channel is listed with all properties of its segment", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const before = Date.now();
  using pusher = new Pusher<Uint8Array>("jobs", { dir, codec: "raw", capacityBytes: 1024 });
  using puller = new Puller<Uint8Array>("jobs", { dir, label: "arm" });
  for (let i = 0; i < 3; i++) pusher.send(new Uint8Array(8));
  puller.tryRecv();
  while (pusher.send(new Uint8Array(100))) continue;
  const [info, ...others] = listChannels({ dir });
  assert.deepEqual(others, []);
  const sent = pusher.statistics().sent;
  const { participants, head, tail, usedBytes, creator, ...rest } = info;
  assert.deepEqual(rest, {
    name: "jobs",
    path: directory.file("jobs"),
    kind: "queue",
    capacityBytes: 1024,
    unacknowledged: 0,
    messages: BigInt(sent),
    dropped: 1n,
    codec: "raw",
    persistent: false,
  });
  assert.equal(tail, 24n);
  assert.equal(usedBytes, Number(head - tail));
  assert.ok(usedBytes > 800 && usedBytes <= 1024);
  assert.deepEqual(participants.map(({ since: _, ...others }) => others), [
    { pid: Deno.pid, role: "pusher", alive: true, label: undefined },
    { pid: Deno.pid, role: "puller", alive: true, label: "arm" },
  ]);
  assert.equal(creator?.pid, Deno.pid);
  for (const { since } of [...participants, creator]) {
    assert.ok(since.getTime() >= before && since.getTime() <= Date.now());
  }
  puller.drain();
});

Deno.test("all kinds and roles are listed by name, in order", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using _requester = new Requester("c", { dir, codec: "json" });
  using _replier = new Replier("c", { dir });
  using _subscriber = new Subscriber("b", { dir, persist: true });
  using _publisher = new Publisher("b", { dir });
  using _puller = new Puller("a", { dir });
  const seen = listChannels({ dir }).map((
    { name, kind, codec, persistent, participants },
  ) => [name, kind, codec, persistent, ...participants.map(({ role }) => role)]);
  assert.deepEqual(seen, [
    ["a", "queue", "", false, "puller"],
    ["b", "broadcast", "msgpack", true, "subscriber", "publisher"],
    ["c", "request", "json", false, "requester", "replier"],
  ]);
  _subscriber.close();
  _publisher.close();
  assert.deepEqual(listChannels({ dir })[1].participants, []);
  removeStale({ dir, includePersistent: true });
});

Deno.test("a segment is deleted with its last participant", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const publisher = new Publisher("a", { dir });
  const sockets = [publisher, new Subscriber("a", { dir }), new Subscriber("a", { dir })];
  publisher.send(1);
  for (const socket of sockets) {
    assert.ok(directory.files().includes("a"));
    socket.close();
  }
  assert.deepEqual(directory.files(), []);
});

Deno.test("a queue with messages stays for the next participant", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  {
    using pusher = new Pusher<string>("a", { dir });
    pusher.sendMany(["one", "two"]);
  }
  assert.deepEqual(directory.files(), ["a"]);
  {
    using puller = new Puller<string>("a", { dir });
    assert.equal(puller.tryRecv(), "one");
  }
  assert.deepEqual(directory.files(), ["a"]);
  {
    using puller = new Puller<string>("a", { dir });
    assert.equal(puller.tryRecv(), "two");
  }
  assert.deepEqual(directory.files(), []);
});

Deno.test("a persistent segment stays until it is removed", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  new Publisher("a", { dir, persist: true, capacityBytes: 2048 }).close();
  assert.deepEqual(directory.files(), ["a"]);
  using publisher = new Publisher("a", { dir });
  assert.equal(publisher.capacityBytes, 2048);
  publisher.close();
  assert.deepEqual(removeStale({ dir }), []);
  assert.deepEqual(removeStale({ dir, includeNonEmpty: true }), []);
  assert.deepEqual(removeStale({ dir, includePersistent: true }), ["a"]);
  assert.deepEqual(directory.files(), []);
});

Deno.test("removeStale keeps queues with messages unless asked", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  for (const [name, persist] of [["plain", false], ["kept", true]] as const) {
    using pusher = new Pusher(name, { dir, persist });
    pusher.send(1);
  }
  assert.deepEqual(removeStale({ dir }), []);
  assert.deepEqual(removeStale({ dir, includePersistent: true }), []);
  const all = { dir, includePersistent: true, includeNonEmpty: true };
  assert.deepEqual(removeStale({ ...all, dryRun: true }), ["kept", "plain"]);
  assert.deepEqual(listChannels({ dir }).map(({ name }) => name), ["kept", "plain"]);
  assert.deepEqual(removeStale({ dir, includeNonEmpty: true }), ["plain"]);
  assert.deepEqual(removeStale({ dir, includePersistent: true, includeNonEmpty: true }), ["kept"]);
});

Deno.test("removeStale removes no channel with a live participant", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using pusher = new Pusher<number>("a", { dir });
  using puller = new Puller<number>("a", { dir });
  const all = { dir, includePersistent: true, includeNonEmpty: true };
  assert.deepEqual(removeStale(all), []);
  assert.deepEqual(removeStale({ ...all, dryRun: true }), []);
  pusher.send(1);
  assert.deepEqual(removeStale(all), []);
  assert.equal(puller.tryRecv(), 1);
});

Deno.test("a damaged segment is listed and removed; a file that was never one is listed and kept", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const damaged = new Uint8Array(200_000);
  damaged.set(new TextEncoder().encode("RINGBUS1\x03"));
  Deno.writeFileSync(directory.file("bad"), damaged, { mode: 0o600 });
  Deno.writeFileSync(directory.file("short"), new Uint8Array(5), { mode: 0o600 });
  const infos = listChannels({ dir });
  assert.deepEqual(infos.map(({ name, kind }) => [name, kind]), [
    ["bad", "damaged"],
    ["short", "damaged"],
  ]);
  for (const info of infos) {
    assert.match(info.damage!, /its kind is 0|it has 5 bytes/);
    assert.equal(info.messages, 0n);
    assert.deepEqual(info.participants, []);
  }
  assert.deepEqual(removeStale({ dir }), [], "it may hold messages");
  assert.deepEqual(removeStale({ dir, includeNonEmpty: true }), ["bad"]);
  directory.discard("short");
});

Deno.test("a file that is not regular is neither listed nor removed", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  Deno.mkdirSync(directory.file("folder"));
  Deno.symlinkSync("/etc/hostname", directory.file("link"));
  Deno.writeTextFileSync(directory.file(".hidden"), "x");
  assert.deepEqual(listChannels({ dir }), []);
  assert.deepEqual(removeStale({ dir, includePersistent: true, includeNonEmpty: true }), []);
  assert.deepEqual(directory.files(), [".hidden", "folder", "link"]);
  for (const name of directory.files()) directory.discard(name);
});

Deno.test("removeStale removes the FIFOs of dead isolates, and keeps young temporary files", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const fifo = directory.file(".agent-00000000000000aa");
  assert.ok(new Deno.Command("mkfifo", { args: [fifo] }).outputSync().success);
  const temporary = [".new-old", ".new-young", ".new-of-tomorrow"];
  for (const name of temporary) Deno.writeTextFileSync(directory.file(name), "x");
  // The wall clock was set back since.
  const tomorrow = new Date(Date.now() + 86_400_000);
  Deno.utimeSync(directory.file(".new-of-tomorrow"), tomorrow, tomorrow);
  const longAgo = new Date(Date.now() - 60_000);
  Deno.utimeSync(directory.file(".new-old"), longAgo, longAgo);
  using _held = new Pusher("a", { dir });
  const fifos = () => directory.files().filter((name) => name.startsWith(".agent-")).length;
  assert.equal(fifos(), 2);
  assert.deepEqual(removeStale({ dir }), []);
  assert.equal(fifos(), 1);
  assert.ok(!directory.files().includes(".new-old"));
  assert.ok(!directory.files().includes(".new-of-tomorrow"));
  assert.ok(directory.files().includes(".new-young"));
  directory.discard(".new-young");
});

Deno.test("the registry rejects the directories that sockets reject", () => {
  using directory = new TestDirectory();
  const dir = directory.file("open");
  Deno.mkdirSync(dir);
  Deno.chmodSync(dir, 0o777);
  assert.throws(() => listChannels({ dir }), ShmPermissionError);
  assert.throws(() => removeStale({ dir }), ShmPermissionError);
  assert.throws(() => listChannels({ dir: 5 as unknown as string }), TypeError);
  directory.discard("open");
});
