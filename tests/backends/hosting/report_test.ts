// What a server in a worker or in another process reports of its start.

import assert from "node:assert/strict";
import { addressFrom, reportOf } from "../../../backends/hosting/report.ts";
import { MessagingError } from "../../../mod.ts";

/** The error of a report that was sent as JSON. */
function received(error: unknown): Error & { code?: string } {
  try {
    addressFrom(JSON.parse(JSON.stringify(reportOf(error))));
  } catch (thrown) {
    return thrown as Error;
  }
  throw new Error("no error was reported");
}

Deno.test("the address of a started server is returned", () => {
  assert.equal(addressFrom({ address: "tcp://localhost:7000" }), "tcp://localhost:7000");
});

Deno.test("a port in use is reported by its code, through any number of processes", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  let error: unknown;
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
  } catch (cause) {
    error = cause;
  }
  for (let hop = 0; hop < 2; hop++) {
    error = received(error);
    assert.ok(error instanceof Deno.errors.AddrInUse);
  }
});

Deno.test("another error keeps its name, its code and its message", () => {
  const { name, code, message } = received(new MessagingError("not today"));
  assert.deepEqual([name, code, message], ["MessagingError", "messaging-error", "not today"]);
  assert.equal(received("text").message, "text");
});
