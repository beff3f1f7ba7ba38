// `ringbus doctor`: a machine without problems, and every problem that it finds.

import assert from "node:assert/strict";
import { EXIT } from "../../cli/command.ts";
import type { Diagnostic } from "../../cli/doctor/diagnostic.ts";
import { DoctorLibc } from "../../cli/doctor/libc.ts";
import { clockDiagnostics, spaceDiagnostics } from "../../cli/doctor/machine.ts";
import { redisDiagnostics } from "../../cli/doctor/redis.ts";
import { runtimeDiagnostic } from "../../cli/doctor/runtime.ts";
import { DEFAULT_CAPACITY_BYTES } from "../../lib/channel/channel_options.ts";
import { Puller, Pusher } from "../../mod.ts";
import { LANE_DATA } from "../../wasm/layout.ts";
import { redisServer } from "../../testing/mod.ts";
import { type CommandInput, inShell, type Shell } from "../support/command_line.ts";
import { half, laneAt, poke } from "../support/damage.ts";
import { until } from "../support/deadline.ts";
import { freePort } from "../support/free_port.ts";
import { libcPath } from "../support/libc.ts";
import { onSmallDisk, whyNoMount } from "../support/small_disk.ts";

// The program must not find a Redis that happens to run on this machine.
const NO_NET = ["--allow-ffi", "--allow-env", "--allow-run"];

async function examine(run: Shell["run"], permissions: string[], input: CommandInput = {}) {
  const { code, stdout } = await run(["doctor", "--json"], { ...input, permissions });
  const diagnostics: Diagnostic[] = stdout.trim().split("\n").map((line) => JSON.parse(line));
  const about = (topic: string) => diagnostics.filter((diagnostic) => diagnostic.topic === topic);
  return { code, diagnostics, about };
}

function levels(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(({ level }) => level);
}

Deno.test("ringbus doctor: on a machine without problems it sends a message to another process", () =>
  inShell(async ({ run, scratch }) => {
    const { code, diagnostics, about } = await examine(run, NO_NET);
    assert.equal(code, EXIT.DONE);
    assert.match(about("self test")[0].message, /to another process and its reply took \d+ us/);
    assert.match(about("directory")[0].message, new RegExp(`${scratch.path} is yours, mode 700`));
    assert.match(about("C library")[0].message, /^glibc \d|^musl/);
    assert.match(about("open files")[0].message, /^[1-9]\d* at most/);
    assert.match(about("vm.max_map_count")[0].message, /^[1-9]\d*/);
    assert.match(about("space")[0].message, /MiB free of [\d,]+ MiB/);
    assert.match(about("file system")[0].message, /tmpfs/);
    assert.deepEqual(levels(about("Redis")), ["note"]);
    assert.deepEqual(levels(diagnostics.filter(({ level }) => level === "failure")), []);
  }));

Deno.test("ringbus doctor: with few permissions it names what it did not check", () =>
  inShell(async ({ run }) => {
    const none = await examine(run, ["--allow-env=RINGBUS_DIR"]);
    assert.equal(none.code, EXIT.FAILED);
    assert.deepEqual(levels(none.about("--allow-ffi")), ["failure"]);
    assert.match(none.about("--allow-ffi")[0].remedy!, /--allow-ffi/);
    assert.match(none.about("shared memory")[0].message, /are not checked/);
    const few = await examine(run, [`--allow-ffi=${libcPath()}`]);
    assert.equal(few.code, EXIT.DONE);
    assert.match(few.about("self test")[0].message, /within this process/);
    assert.match(few.about("self test")[0].remedy!, /--allow-run/);
    assert.match(few.about("Redis")[0].remedy!, /--allow-net=127\.0\.0\.1:6379/);
  }));

Deno.test("ringbus doctor: a directory that other users may write to is a failure with a remedy", () =>
  inShell(async ({ run, scratch }) => {
    Deno.chmodSync(scratch.path, 0o777);
    const { code, about } = await examine(run, NO_NET);
    assert.equal(code, EXIT.FAILED);
    assert.deepEqual(about("directory")[0], {
      topic: "directory",
      level: "failure",
      message: `cannot use ${scratch.path} for segments: others may write to it (mode 777)`,
      remedy: "name a directory of your own with mode 700, such as one inside it",
    });
    Deno.chmodSync(scratch.path, 0o755);
    const readable = await examine(run, NO_NET);
    assert.deepEqual([readable.code, levels(readable.about("directory"))], [EXIT.DONE, [
      "warning",
    ]]);
  }));

Deno.test("ringbus doctor: it names stale channels and damaged ones", () =>
  inShell(async ({ run, scratch: { path: dir } }) => {
    {
      using left = new Pusher("left", { dir });
      left.send(1);
    }
    Deno.copyFileSync(`${dir}/left`, `${dir}/damaged`);
    Deno.truncateSync(`${dir}/damaged`, 4096);
    Deno.copyFileSync(`${dir}/left`, `${dir}/hit`);
    poke(`${dir}/hit`, laneAt(DEFAULT_CAPACITY_BYTES, 0) + LANE_DATA, half(77));
    const { code, about } = await examine(run, NO_NET);
    assert.equal(code, EXIT.DONE);
    const [damaged, hit, left] = about("channels");
    assert.match(hit.message, /^hit is damaged: byte \d+, lane 0: the offset 77 and the size/);
    assert.match(hit.remedy!, /ringbus inspect hit.*ringbus clean --non-empty/);
    assert.match(damaged.message, /^damaged is damaged: /);
    assert.equal(left.message, "1 channel without a live participant: left");
    assert.match(left.remedy!, /ringbus clean/);
    const kept = about("kept").map(({ message }) => message);
    assert.equal(kept[0], "damaged: its header is invalid, so that it may hold anything");
    assert.match(kept[1], /^hit: .*its tables are damaged, so that it may hold messages$/);
    assert.equal(kept[2], "left: 1 message not taken yet");
    for (const name of ["left", "damaged", "hit"]) Deno.removeSync(`${dir}/${name}`);
  }));

Deno.test("ringbus doctor: it says who holds what since when, and who has died", () =>
  inShell(async ({ run, scratch: { path: dir, spawn } }) => {
    using pusher = new Pusher<string>("jobs", { dir, label: "camera" });
    pusher.sendMany(["a", "b"]);
    using puller = new Puller<string>("jobs", { dir, ack: true, label: "arm" });
    const held = puller.drain(2);
    const child = spawn();
    await child.execute({ do: "open", id: "p", role: "pusher", target: "jobs", options: { dir } });
    child.kill("SIGKILL");
    await child.ended();
    const { about } = await examine(run, NO_NET);
    const [{ level, message }, ...others] = about("held");
    assert.deepEqual([level, others], ["ok", []]);
    assert.match(
      message,
      new RegExp(`^jobs: puller arm \\(process ${Deno.pid}\\) has 2 leases since \\d+s$`),
    );
    const [died] = about("died");
    assert.equal(died.message, `jobs: pusher (process ${child.pid}) has died`);
    assert.match(died.remedy!, /the next socket on the channel frees its entry/);
    assert.deepEqual(about("kept"), []);
    held.forEach((one) => one.ack());
    // Its entry is freed, and what it left.
    using _other = new Puller<string>("jobs", { dir });
  }));

Deno.test("ringbus doctor: as text it prints a line for each diagnostic, and a count at the end", () =>
  inShell(async ({ run }) => {
    const url = `redis://127.0.0.1:${freePort()}`;
    const { code, stdout, stderr } = await run(["doctor", "--redis", url]);
    assert.equal(code, EXIT.FAILED);
    assert.match(stdout, /^ok {7}self test/m);
    assert.match(stdout, /^failure {2}Redis .*cannot reach redis:.*\n +start it, or correct/m);
    assert.match(stderr, /^1 failure, \d+ warnings?$/m);
    const wrong = await run(["doctor", "--redis", "http://localhost"]);
    assert.equal(wrong.code, EXIT.USAGE);
    assert.match(wrong.stderr, /it must look like redis:\/\/host:port/);
  }));

Deno.test("ringbus doctor: a Redis that works, one that evicts, and one that needs a password", async () => {
  const config = { "maxmemory": "100mb", "maxmemory-policy": "allkeys-lru" };
  await using server = await redisServer({ password: "s3cret", config });
  const [version, memory] = await redisDiagnostics(server.url);
  assert.deepEqual([version.level, memory.level], ["ok", "warning"]);
  assert.match(version.message, /^\d+\.\d+\.\d+ at redis:\/\/:\*\*\*@127/);
  assert.match(memory.remedy!, /noeviction/);
  const [kept] = await redisDiagnostics(`redis://127.0.0.1:${server.port}`);
  assert.equal(kept.level, "failure");
  assert.match(kept.message, /NOAUTH/);
  const [single] = (await redisDiagnostics(server.url.replace("redis:", "redis-cluster:"))).slice(
    -1,
  );
  assert.deepEqual([single.level, single.message], ["failure", "it is not a cluster"]);
});

Deno.test("ringbus doctor: a cluster without all slots is a failure, one with all is not", async () => {
  await using server = await redisServer({ config: { "cluster-enabled": "yes" } });
  const url = server.url.replace("redis:", "redis-cluster:");
  const [down] = (await redisDiagnostics(url)).slice(-1);
  assert.deepEqual([down.level, /state fail/.test(down.message)], ["failure", true]);
  await server.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  let last = down;
  await until(async () => {
    [last] = (await redisDiagnostics(url)).slice(-1);
    return last.level !== "failure";
  }, "a cluster with all slots");
  assert.match(last.message, /a cluster of 1 nodes, 1 with slots, state ok/);
  const [asServer] = (await redisDiagnostics(server.url)).slice(-1);
  assert.deepEqual([asServer.level, asServer.remedy], [
    "warning",
    "write redis-cluster:// in the URL",
  ]);
});

Deno.test("ringbus doctor: versions of Deno from too old to untested", () => {
  const found = ["1.46.3", "2.4.5", "2.5.0", "2.9.5", "2.9.6", "2.10.0", "3.0.0-rc.1"]
    .map((version) => runtimeDiagnostic(version).level);
  assert.deepEqual(found, ["failure", "failure", "warning", "warning", "ok", "ok", "ok"]);
});

Deno.test("ringbus doctor: a clock that was never set is a failure", () => {
  assert.deepEqual(levels(clockDiagnostics(undefined, 0)), ["failure"]);
  assert.deepEqual(levels(clockDiagnostics(undefined)), ["ok"]);
});

Deno.test({
  name: "ringbus doctor: little space is a warning, with what to do",
  ignore: whyNoMount() !== undefined,
  async fn() {
    for (const [size, remedy] of [["8m", /ringbus clean/], ["64m", /--shm-size/]] as const) {
      await onSmallDisk(`size=${size}`, ({ path }) => {
        using libc = new DoctorLibc();
        const [space] = spaceDiagnostics(libc, path);
        assert.equal(space.level, "warning");
        assert.match(space.message, new RegExp(`of ${parseInt(size)} MiB`));
        assert.match(space.remedy!, remedy);
      });
    }
  },
});
