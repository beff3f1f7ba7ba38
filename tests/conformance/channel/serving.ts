// What a handler throws, returns or waits for concerns its own request alone.

import assert from "node:assert/strict";
import { ShmPeerLostError, ShmRemoteError, ShmTimeoutError } from "../../../mod.ts";
import { THROWN } from "../../support/thrown.ts";
import { type TestChannel, testOn, type TestTransport } from "./channel.ts";

const WAIT = { timeoutMs: 30_000 };

/** A requester, and a replier that serves until the test ends. */
async function withServer(
  channel: TestChannel,
  handler: (request: unknown) => unknown,
  test: (request: (value: unknown) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const replier = channel.replier<unknown, unknown>();
  const requester = channel.requester<unknown, unknown>();
  const stop = new AbortController();
  const served = replier.serve(handler, { signal: stop.signal });
  await test((value) => requester.request(value, WAIT));
  stop.abort();
  await served;
}

export function testServing(transport: TestTransport): void {
  testOn(transport, "what a handler throws fails its own request alone", async (open) => {
    const names = Object.keys(THROWN);
    const handler = (request: unknown) => {
      if (typeof request === "string") throw THROWN[request]();
      return request;
    };
    await withServer(open(), handler, async (request) => {
      for (const name of names) {
        await assert.rejects(request(name), ShmRemoteError, name);
        assert.equal(await request(7), 7, `after ${name}`);
      }
    });
  });

  testOn(transport, "a handler that throws ShmPeerLostError is no lost peer", async (open) => {
    const handler = () => {
      throw new ShmPeerLostError("a request of my own has no reply");
    };
    await withServer(open(), handler, async (request) => {
      await assert.rejects(request(1), (error: Error) => {
        assert.ok(error instanceof ShmRemoteError);
        assert.equal(error.remoteName, "ShmPeerLostError");
        assert.equal(error.message, "a request of my own has no reply");
        return true;
      });
    });
  });

  testOn(transport, "a handler without a result replies with undefined", async (open) => {
    await withServer(open(), () => {}, async (request) => {
      assert.equal(await request("do it"), undefined);
    });
  });

  testOn(transport, "a handler's signal aborts when its requester gives up", async (open) => {
    const channel = open();
    const replier = channel.replier<string, string>();
    const requester = channel.requester<string, string>();
    const abandoned = Promise.withResolvers<unknown>();
    const stop = new AbortController();
    const served = replier.serve(async (request, { signal }) => {
      assert.equal(signal.aborted, false);
      if (request === "quick") return "done";
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      abandoned.resolve(signal.reason);
      return "too late";
    }, { signal: stop.signal });
    assert.equal(await requester.request("quick", WAIT), "done");
    await assert.rejects(requester.request("slow", { timeoutMs: 30 }), ShmTimeoutError);
    assert.equal((await abandoned.promise as DOMException).name, "AbortError");
    assert.equal(await requester.request("quick", WAIT), "done");
    stop.abort();
    await served;
  });

  testOn(transport, "a handler's signal aborts when its replier closes", async (open) => {
    const channel = open();
    const replier = channel.replier<string, string>();
    const requester = channel.requester<string, string>();
    const taken = Promise.withResolvers<AbortSignal>();
    const served = replier.serve(async (_request, { signal }) => {
      taken.resolve(signal);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      return "too late";
    });
    const reply = assert.rejects(requester.request("x", WAIT), ShmPeerLostError);
    await taken.promise;
    replier.close();
    await reply;
    await served;
  });
}
