// `ringbus dashboard` in a process of its own.

import assert from "node:assert/strict";
import type { Snapshot } from "../../backends/http/dashboard/snapshot.ts";
import { EXIT } from "../../cli/command.ts";
import { Publisher } from "../../mod.ts";
import { inShell } from "../support/command_line.ts";
import { within } from "../support/deadline.ts";

/** Snapshots of a server, until one fulfils a condition. */
async function snapshotWith(url: string, isDone: (now: Snapshot) => boolean): Promise<Snapshot> {
  const { body } = await fetch(`${url}/snapshots`);
  let text = "";
  for await (const piece of body!.pipeThrough(new TextDecoderStream())) {
    const events = (text + piece).split("\n\n");
    text = events.pop()!;
    for (const event of events) {
      const now: Snapshot = JSON.parse(event.slice("data: ".length));
      if (isDone(now)) return now;
    }
  }
  throw new Error("the stream ended");
}

Deno.test("ringbus dashboard: it shows the channels of a directory, and takes part in none", () =>
  inShell(async ({ scratch: { path: dir }, start }) => {
    using publisher = new Publisher<string>("news", { dir, codec: "json", label: "desk" });
    publisher.send("a");
    await using server = start(["dashboard", "--json", "--port", "0"]);
    await server.prints("}\n");
    const { url } = JSON.parse(server.output.split("\n")[0]);
    const now = await within(
      snapshotWith(url, ({ channels }) => channels !== null),
      "the channels",
    );
    const [{ name, kind, sentMessages, participants }] = now.channels!.channels;
    assert.deepEqual([name, kind, sentMessages, participants], ["news", "broadcast", 1, {
      publisher: 1,
    }]);
    assert.equal(now.channels!.directory, dir);
    const page = await (await fetch(url, { headers: { accept: "text/html" } })).text();
    assert.match(page, /<title>Ringbus/);
    server.kill("SIGTERM");
    await server.lines();
  }));

Deno.test("ringbus dashboard: an option that is wrong ends it at once", () =>
  inShell(async ({ run }) => {
    const cases: [string[], number, RegExp][] = [
      [["--port", "65536"], EXIT.USAGE, /--port takes a whole number from 0 to 65535/],
      [["--host", "0.0.0.0"], EXIT.USAGE, /"0\.0\.0\.0" without a token/],
      [["--queue", "jobs"], EXIT.USAGE, /--queue takes LABEL=URL, or LABEL=NAME of a queue/],
      [["--state", "jobs"], EXIT.USAGE, /--state takes LABEL=REDIS_URL, or LABEL=NAME of a state/],
      [["--state", "agents=none"], EXIT.FAILED, /there is no shared state "none"/],
      [["--dir", "/proc/none"], EXIT.FAILED, /cannot create the segment directory \/proc\/none/],
    ];
    const results = await Promise.all(
      cases.map(([words]) => run(["dashboard", "--port", "0", ...words])),
    );
    for (const [i, { code, stderr }] of results.entries()) {
      assert.equal(code, cases[i][1], `${cases[i][0].join(" ")}: ${stderr}`);
      assert.match(stderr, cases[i][2]);
    }
  }));
