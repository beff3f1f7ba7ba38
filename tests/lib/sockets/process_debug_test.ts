import assert from "node:assert/strict";
import { inScratch } from "../../support/scratch.ts";
import { openSocket } from "../../support/peer.ts";

const DEBUG = { flags: ["--allow-ffi", "--allow-env=RINGBUS_DEBUG"], env: { RINGBUS_DEBUG: "1" } };

/** What a child wrote to standard error, without the times. */
function stepsOf(stderr: string): string[] {
  return stderr.trim().split("\n").map((line) => line.replace(/^ringbus [\d.]+ ms: /, ""));
}

Deno.test("RINGBUS_DEBUG=1 logs every message sent, with its size, channel and sequence", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const child = spawn(DEBUG);
    const options = { dir, codec: "json" } as const;
    await child.execute({ do: "open", id: "out", role: "pusher", target: "logged", options });
    await child.execute({ do: "send", id: "out", values: ["abc", 12345], mode: "sync" });
    await child.execute({ do: "send", id: "out", values: [[1, 2], true], mode: "many" });
    await child.execute({ do: "open", id: "in", role: "puller", target: "logged", options });
    await child.execute({ do: "receive", id: "in", mode: "try", count: 1 });
    await child.execute({ do: "receive", id: "in", mode: "drain", count: 3 });
    await child.finish();
    assert.deepEqual(stepsOf(child.stderr), [
      `sent 5 B on "logged", #1`,
      `sent 5 B on "logged", #2`,
      `sent 5 B on "logged", #3`,
      `sent 4 B on "logged", #4`,
      `received 5 B on "logged", #1`,
      `received 5 B on "logged", #2`,
      `received 5 B on "logged", #3`,
      `received 4 B on "logged", #4`,
    ]);
  }));

Deno.test("RINGBUS_DEBUG=1 logs every wait", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const child = spawn(DEBUG);
    await openSocket(child, "in", "subscriber", "quiet", { dir });
    for (const mode of ["sync", "async"] as const) {
      await assert.rejects(
        child.execute({ do: "receive", id: "in", mode, timeoutMs: 20 }),
        { kind: "ShmTimeoutError" },
      );
    }
    await child.finish();
    assert.deepEqual(stepsOf(child.stderr), [
      `subscriber of "quiet" sleeps for up to 20 ms`,
      `subscriber of "quiet" waits in the event loop`,
    ]);
  }));

Deno.test("RINGBUS_DEBUG=1 logs requests and replies", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const [asking, replying] = [spawn(DEBUG), spawn(DEBUG)];
    const options = { dir, codec: "json" } as const;
    await asking.execute({ do: "open", id: "q", role: "requester", target: "asked", options });
    await replying.execute({ do: "open", id: "r", role: "replier", target: "asked", options });
    await replying.start({ do: "reply", id: "r", mode: "sync", name: "r" });
    await asking.execute({ do: "request", id: "q", mode: "sync", values: ["stop"] });
    await replying.result();
    await Promise.all([asking.finish(), replying.finish()]);
    const isMessage = (step: string) => /^(sent|received) /.test(step);
    assert.deepEqual(stepsOf(asking.stderr).filter(isMessage), [
      `sent 6 B on "asked", #1`,
      `received 22 B on "asked", reply #1`,
    ]);
    assert.deepEqual(stepsOf(replying.stderr).filter(isMessage), [
      `received 6 B on "asked", #1`,
      `sent 22 B on "asked", reply #1`,
    ]);
  }));

for (const value of ["true", "yes", "2"]) {
  Deno.test(`RINGBUS_DEBUG=${value} logs too`, () =>
    inScratch(async ({ path: dir, spawn }) => {
      const child = spawn({ ...DEBUG, env: { RINGBUS_DEBUG: value } });
      await child.execute({
        do: "open",
        id: "out",
        role: "publisher",
        target: "t",
        options: { dir },
      });
      await child.execute({ do: "send", id: "out", values: ["abc"] });
      await child.finish();
      assert.match(child.stderr, /sent \d+ B on "t", #1/);
    }));
}

for (const value of ["1", "true", "0", "", undefined]) {
  Deno.test(`without --allow-env, RINGBUS_DEBUG=${value} is not heeded, and that is said once`, () =>
    inScratch(async ({ path: dir, spawn }) => {
      const env: Record<string, string> = value === undefined ? {} : { RINGBUS_DEBUG: value };
      const child = spawn({ flags: ["--allow-ffi", "--no-prompt"], env });
      for (const [id, role] of [["out", "publisher"], ["in", "subscriber"]] as const) {
        await child.execute({ do: "open", id, role, target: "t", options: { dir } });
      }
      await child.execute({ do: "send", id: "out", values: ["abc"] });
      await child.finish();
      const isSet = value === "1" || value === "true";
      const said = "ringbus: RINGBUS_DEBUG is not heeded: run with --allow-env=RINGBUS_DEBUG\n";
      assert.equal(child.stderr, isSet ? said : "");
    }));
}

Deno.test("without RINGBUS_DEBUG nothing is logged", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const child = spawn({ flags: DEBUG.flags });
    await openSocket(child, "out", "pusher", "logged", { dir });
    await child.execute({ do: "send", id: "out", values: ["abc"] });
    await openSocket(child, "in", "puller", "logged", { dir });
    await child.execute({ do: "receive", id: "in", mode: "async", count: 1 });
    await child.finish();
    assert.equal(child.stderr, "");
  }));
