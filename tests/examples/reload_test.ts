// The example of a service that `deno run --watch` starts again.

import assert from "node:assert/strict";
import { listChannels } from "../../mod.ts";
import { until } from "../support/deadline.ts";
import { Program, ROOT, type Running } from "../support/program.ts";
import { inScratch } from "../support/scratch.ts";

const EXAMPLE = "examples/hot_reload";

/** Copies the example, so that the test can change it. */
function copyExample(): string {
  const folder = Deno.makeTempDirSync({ prefix: "ringbus-test-reload-" });
  for (const { name } of Deno.readDirSync(new URL(EXAMPLE, ROOT))) {
    Deno.copyFileSync(new URL(`${EXAMPLE}/${name}`, ROOT), `${folder}/${name}`);
  }
  return folder;
}

/** Changes the version of the service. The watcher may not watch yet, so it is saved until it has been noticed. */
async function saveVersion(folder: string, version: number, watcher: Running): Promise<void> {
  const file = `${folder}/service.ts`;
  const text = Deno.readTextFileSync(file).replace(/VERSION = \d+/, `VERSION = ${version}`);
  const save = () => Deno.writeTextFileSync(file, text);
  save();
  // Rarely: each save starts the program again, and on a busy machine its start takes a while.
  const saving = setInterval(save, 5000);
  try {
    await watcher.prints(`version ${version} is ready`);
  } finally {
    clearInterval(saving);
  }
}

/** Who is attached in a directory, without the feed: "jobs puller version 1". */
function participantsIn(dir: string, feed: number): string[] {
  return listChannels({ dir }).flatMap(({ name, participants }) =>
    participants.filter(({ pid }) => pid !== feed).map(({ role, label, alive }) =>
      [name.replace("example-reload-", ""), role, label, alive ? "" : "stale"]
        .filter(Boolean).join(" ")
    )
  ).sort();
}

Deno.test("example hot_reload: a new version goes on where the one before was stopped", () =>
  inScratch(async ({ path }) => {
    const folder = copyExample();
    try {
      const env = { RINGBUS_DIR: path };
      const config = new URL("deno.json", ROOT).pathname;
      const flags = ["--watch", "--allow-ffi", "--no-lock", "--config", config];
      await using watcher = new Program([...flags, `${folder}/service.ts`], env);
      await watcher.prints("version 1 is ready");
      await using feed = new Program(["--allow-ffi", `${EXAMPLE}/feed.ts`], env);
      const attached = (version: number) => [
        `jobs puller version ${version}`,
        "progress member",
        "readings subscriber",
        "results pusher",
      ];
      const isAttached = (version: number) => () =>
        participantsIn(path, feed.pid).join() === attached(version).join();
      await until(isAttached(1), "version 1 alone");
      await feed.prints("version 1 works");
      await saveVersion(folder, 2, watcher);
      const [readings, jobs] = (await feed.lines()).slice(-2);
      const [, sent] = /^sent (\d+) jobs/.exec(jobs)!;
      assert.equal(jobs, `sent ${sent} jobs, done ${sent} by versions 1 and 2`);
      assert.equal(readings, `sent ${sent} readings, seen ${sent}`);
      await until(isAttached(2), "version 2 alone");
      watcher.kill("SIGINT");
      await watcher.ended();
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  }));
