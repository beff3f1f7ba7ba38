// Deleting one channel: what it says, what it asks, and what becomes of those who use it.

import assert from "node:assert/strict";
import { EXIT } from "../../cli/command.ts";
import { removeChannel } from "../../lib/observe/remove.ts";
import { platform } from "../../lib/platform/mod.ts";
import { closeForAll } from "../../lib/segment/lifecycle.ts";
import { withHeader } from "../../lib/segment/with_header.ts";
import {
  Latest,
  listChannels,
  Publisher,
  Puller,
  Pusher,
  ShmConnectionError,
  Subscriber,
} from "../../mod.ts";
import { until } from "../support/deadline.ts";
import { inShell } from "../support/command_line.ts";
import { inScratch } from "../support/scratch.ts";
import { onTerminal } from "../support/terminal.ts";

Deno.test("ringbus rm deletes a channel that nobody uses, and says what is lost", () =>
  inShell(async ({ run, scratch }) => {
    const { path: dir } = scratch;
    {
      using jobs = new Pusher<number>("jobs", { dir });
      jobs.sendMany([1, 2]);
      using news = new Publisher<number>("news", { dir, persist: true });
      news.sendMany([1, 2, 3]);
      using values = new Latest("values", { dir, persist: true });
      values.set("a", 1);
    }
    const unsure = await run(["rm", "jobs"]);
    assert.equal(unsure.code, EXIT.USAGE);
    assert.match(unsure.stderr, /this deletes jobs and all messages there: give --yes/);
    const dry = await run(["rm", "jobs", "news", "values", "--dry-run"]);
    assert.match(
      dry.stdout,
      /^would delete jobs, with 2 messages that no puller has acknowledged\nwould delete news, with a history of 3 messages\nwould delete values, with all latest values, in .*KiB\n$/,
    );
    assert.equal(listChannels({ dir }).length, 3);
    assert.deepEqual(JSON.parse((await run(["rm", "jobs", "--yes", "--json"])).stdout), {
      name: "jobs",
      deleted: true,
      lost: "2 messages that no puller has acknowledged",
    });
    const missing = await run(["rm", "news", "nwes", "values", "-y"]);
    assert.equal(missing.code, EXIT.FAILED);
    assert.match(missing.stderr, /there is no channel "nwes" in /);
    assert.deepEqual(listChannels({ dir }).map(({ name }) => name), ["values"]);
    assert.equal((await run(["rm", "values", "-y"])).code, EXIT.DONE);
  }));

Deno.test("ringbus rm asks on a terminal, and deletes only after yes", () =>
  inShell(async ({ scratch: { path: dir } }) => {
    {
      using jobs = new Pusher<number>("jobs", { dir });
      jobs.send(1);
    }
    const question = "delete jobs, and lose 1 message that no puller has acknowledged? [y/N]";
    const kept = await onTerminal(["rm", "jobs"], { dir, keys: [question, "\\n"] });
    assert.equal(kept.code, EXIT.FAILED, kept.stdout);
    assert.match(kept.stdout, /jobs stays/);
    const interrupted = await onTerminal(["rm", "jobs"], { dir, keys: [question, "\\x03"] });
    assert.match(interrupted.stdout, /jobs stays/);
    assert.equal(listChannels({ dir }).length, 1);
    const deleted = await onTerminal(["rm", "jobs"], { dir, keys: [question, "y\\n"] });
    assert.deepEqual([deleted.code, listChannels({ dir })], [EXIT.DONE, []]);
  }));

Deno.test("ringbus rm refuses a channel in use, and names its users; --force deletes it", () =>
  inShell(async ({ run, scratch: { path: dir } }) => {
    using publisher = new Publisher<number>("news", { dir, label: "camera" });
    using subscriber = new Subscriber<number>("news", { dir });
    for (const words of [["--yes"], ["--dry-run"]]) {
      const { code, stderr } = await run(["rm", "news", ...words]);
      assert.equal(code, EXIT.FAILED);
      assert.match(
        stderr,
        new RegExp(
          `channel "news" is used: publisher "camera" of process ${Deno.pid}, subscriber of process ` +
            `${Deno.pid}; end what uses it, or give --force`,
        ),
      );
    }
    assert.equal((await run(["rm", "news", "--yes", "--force"])).code, EXIT.DONE);
    assert.deepEqual(listChannels({ dir }), []);
    using other = new Publisher<number>("news", { dir });
    other.send(2);
    await until(() => isDetached(subscriber), "the subscriber noticing");
    publisher.close();
    subscriber.close();
    assert.equal(listChannels({ dir }).length, 1, "their end leaves the new channel alone");
  }));

/** True once a socket knows that others do not reach it any more. */
function isDetached(subscriber: Subscriber<number>): boolean {
  try {
    assert.deepEqual(subscriber.drain(), [], "who comes later has another channel");
    return false;
  } catch (error) {
    if (error instanceof ShmConnectionError) return true;
    throw error;
  }
}

Deno.test("a deletion that is killed before the name is gone is finished by who comes next", () =>
  inScratch(async ({ path: dir }) => {
    {
      using pusher = new Pusher<number>("jobs", { dir });
      pusher.send(1);
    }
    const os = platform();
    const fd = os.open(`${dir}/jobs`);
    withHeader(fd, (header) => closeForAll(fd, header));
    // The kernel drops the share of a process that is killed.
    os.close(fd);
    assert.deepEqual(listChannels({ dir }), []);
    using pusher = new Pusher<number>("jobs", { dir });
    using puller = new Puller<number>("jobs", { dir });
    pusher.send(2);
    assert.deepEqual(await puller.recv(), 2);
  }));

Deno.test("a file that is no segment is not deleted", () =>
  inScratch(({ path: dir }) => {
    const path = `${dir}/notes`;
    Deno.writeTextFileSync(path, "x".repeat(10_000));
    assert.throws(
      () => removeChannel("notes", { dir, force: true }),
      /cannot delete .*\/notes: the file is no segment; delete the file itself/,
    );
    assert.equal(removeChannel("missing", { dir }), "missing");
    Deno.removeSync(path);
    return Promise.resolve();
  }));
