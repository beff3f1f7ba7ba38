// Programs in containers: each has its own process ids, mounts and System V objects; they share one
// directory. Only root can start them.

import assert from "node:assert/strict";
import { ROOT, Running } from "../support/program.ts";
import { inScratch } from "../support/scratch.ts";

const canContain = Deno.build.os === "linux" && Deno.uid() === 0;
if (!canContain) console.log("tests in containers are skipped: only root can start a container");

const CONTAINER = ["--pid", "--fork", "--kill-child", "--mount-proc", "--ipc", "--uts"];

function inContainer(RINGBUS_DIR: string, file: string): Running {
  const deno = [Deno.execPath(), "run", "--quiet", "--no-prompt", "--allow-ffi", file];
  const options = { env: { RINGBUS_DIR }, cwd: ROOT, isGroup: true };
  return new Running(file, "unshare", [...CONTAINER, ...deno], options);
}

Deno.test({
  name: "programs in containers share a directory, and the others detect that one was killed",
  ignore: !canContain,
  fn: () =>
    inScratch(async ({ path }) => {
      await using killed = inContainer(path, "examples/work_farm/worker.ts");
      await killed.prints("ready");
      await using farm = inContainer(path, "examples/work_farm/farm.ts");
      await killed.prints("job 3, attempt 1");
      killed.kill("SIGKILL");
      await killed.ended();
      await using worker = inContainer(path, "examples/work_farm/worker.ts");
      const lines = await farm.lines();
      assert.match(lines.at(-1)!, /^60 jobs are done, [1-4] of them by another/);
      await worker.lines();
    }),
});
