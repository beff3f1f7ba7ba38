// What the error of a timeout advises is possible on the channel.

import assert from "node:assert/strict";
import { LocalChannel, Puller, Requester } from "../../../mod.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";

Deno.test("a timeout advises listChannels() on a named channel, and not on a local one", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using named = new Puller("a", { dir });
  using requester = new Requester("b", { dir });
  const timeout = { timeoutMs: 0 };
  assert.throws(() => named.recvSync(timeout), /check that a sender runs \(listChannels\(\)\), or/);
  assert.throws(() => requester.requestSync(1, timeout), /replier runs \(listChannels\(\)\), or/);
  using local = new Puller(LocalChannel.create().handle);
  using localRequester = new Requester(LocalChannel.create().handle);
  const hint = /check that a (sender|replier) has its handle and is open, or wait longer/;
  assert.throws(() => local.recvSync(timeout), hint);
  assert.throws(() => localRequester.requestSync(1, timeout), hint);
});
