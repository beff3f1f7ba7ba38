// The subcommands that observe channels, and those that record and replay them.

import assert from "node:assert/strict";
import { EXIT } from "../../cli/command.ts";
import { ageText, rateText, sizeText, sparkline } from "../../cli/observe/format.ts";
import { Latest, Publisher, Puller, Pusher, removeStale, Subscriber } from "../../mod.ts";
import { inShell, type Shell } from "../support/command_line.ts";
import * as layout from "../../wasm/layout.ts";
import { poke } from "../support/damage.ts";
import { Running } from "../support/program.ts";
import { inScratch, SCRATCH_ROOT } from "../support/scratch.ts";
import { openSocket } from "../support/peer.ts";

// deno-lint-ignore no-explicit-any
type Json = any;

async function json(shell: Shell, words: string[]): Promise<Json[]> {
  const { code, stdout, stderr } = await shell.run([...words, "--json"], {
    permissions: ["--allow-ffi", "--allow-env=RINGBUS_DIR"],
  });
  assert.equal(code, EXIT.DONE, stderr);
  return stdout.trim().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

Deno.test("numbers and durations are formatted in short units", () => {
  assert.deepEqual([0, 1023, 1536, 5e6, 2 ** 45].map(sizeText), [
    "0 B",
    "1023 B",
    "1.5 KiB",
    "4.8 MiB",
    "32.0 TiB",
  ]);
  const ages = [0, 119, 120, 7200, 172_800].map((s) => ageText(new Date(0), s * 1000));
  assert.deepEqual([...ages, ageText(undefined, 0)], ["0s", "119s", "2m", "2h", "2d", "?"]);
  assert.deepEqual([0, 0.25, 9999, 12_345, 5e7].map(rateText), ["0", "0.3", "9999", "12k", "50M"]);
  assert.equal(sparkline([0, 1, 2, 4]), "▁▃▅█");
  assert.equal(sparkline([0, 0]), "▁▁");
});

Deno.test("ringbus ls, stat, top and inspect describe channels with and without live participants", () =>
  inShell(async (shell) => {
    const { scratch, run } = shell;
    const { path: dir } = scratch;
    using publisher = new Publisher<number>("news", { dir });
    using subscriber = new Subscriber<number>("news", { dir });
    publisher.sendMany(Array.from({ length: 200 }, (_, n) => n));
    const child = scratch.spawn();
    await child.execute({ do: "open", id: "p", role: "pusher", target: "jobs", options: { dir } });
    await child.execute({ do: "send", id: "p", values: ["one", { two: 2 }] });
    child.kill("SIGKILL");
    await child.ended();

    const [jobs, news] = await json(shell, ["ls"]);
    assert.deepEqual([jobs.name, jobs.kind, jobs.state, jobs.messages], [
      "jobs",
      "queue",
      "stale",
      2,
    ]);
    assert.deepEqual(jobs.participants, [{ role: "pusher", pid: child.pid, alive: false }]);
    assert.deepEqual([news.name, news.state, news.codec], ["news", "live", "msgpack"]);
    const listed = await run(["ls"]);
    assert.deepEqual([jobs.waiting, news.waiting], [2, null]);
    assert.match(
      listed.stdout,
      /^jobs +queue +msgpack +1\.1 MiB +2 +2 +0 +1 dead pusher +\d+s +stale$/m,
    );

    const [stat] = await json(shell, ["stat", "news", "--interval-ms", "10"]);
    assert.deepEqual([stat.header.kind, stat.header.messages, stat.rates.messages], [
      "broadcast",
      200,
      0,
    ]);
    assert.deepEqual(stat.backlogs, [{ subscriber: 1, atLeast: 136, atMost: 200, missing: 0 }]);
    const printed = await run(["stat", "news", "--interval-ms", "10"]);
    assert.match(printed.stdout, /^ +1 +subscriber +\d+ .* is 136 to 200 messages behind$/m);

    const tops = await json(shell, ["top", "--once", "--interval-ms", "20"]);
    const seen = tops.map(({ name, behind, state }) => ({ name, behind, state }));
    assert.deepEqual(seen.sort((a, b) => a.name < b.name ? -1 : 1), [
      { name: "jobs", behind: 2, state: "stale" },
      { name: "news", behind: 136, state: "live" },
    ]);

    const [inspected] = await json(shell, ["inspect", `${dir}/jobs`]);
    assert.deepEqual(inspected.records.map(({ value }: Json) => value), ["one", { two: 2 }]);
    assert.deepEqual(inspected.participants.map(({ alive }: Json) => alive), [false]);
    poke(`${dir}/jobs`, 152, new Uint8Array([0xff, 0xff]));
    const damaged = await run(["inspect", "jobs"]);
    assert.equal(damaged.code, EXIT.FAILED);
    assert.match(damaged.stdout, /byte 152, lane 0: the record at position 24 is corrupt/);

    assert.deepEqual(await json(shell, ["clean", "--dry-run"]), []);
    const kept = await run(["clean"]);
    assert.match(
      kept.stderr,
      /^0 channels deleted\nkept, .*: jobs; --non-empty and --persistent/,
    );
    const would = await run(["clean", "--dry-run", "--non-empty"]);
    assert.deepEqual([would.stdout, would.stderr], ["jobs\n", "1 channel to delete\n"]);
    assert.deepEqual(await json(shell, ["clean", "--non-empty"]), [{
      name: "jobs",
      deleted: true,
    }]);
    assert.deepEqual((await json(shell, ["ls"])).map(({ name }) => name), ["news"]);
    subscriber.drain();
  }));

Deno.test("ringbus stat and top show history, latest values, labels and who holds what", () =>
  inShell(async (shell) => {
    const { scratch, run } = shell;
    const { path: dir } = scratch;
    using publisher = new Publisher<number>("news", {
      dir,
      label: "camera",
      codec: "raw" as never,
    });
    for (let n = 0; n < 3; n++) publisher.send(new Uint8Array(8) as never);
    const loan = publisher.loan(8)!;
    using latest = new Latest<unknown>("robot", { dir, label: "panel" });
    for (let n = 0; n < 40; n++) latest.set(`key ${n}`, n);
    latest.set("key 0", "again");
    latest.delete("key 1");
    const stat = async (name: string) => (await run(["stat", name, "--interval-ms", "10"])).stdout;
    const news = await stat("news");
    assert.match(news, /^history +3 messages for late subscribers$/m);
    assert.match(news, /^ +0 +0 +1\.0 MiB .* \d+s$/m);
    loan.abort();
    const robot = await stat("robot");
    assert.match(robot, /^latest values +39 keys, \d+ B, changed 42 times$/m);
    assert.match(robot, /^ +0 +member +\d+ +\S+ +panel /m);
    const [json1] = await json(shell, ["stat", "robot", "--interval-ms", "10"]);
    assert.equal(json1.latest.keys, 39);
    const top = (await run(["top", "--once", "--interval-ms", "10", "-o", "wide"])).stdout;
    assert.match(top, /^news +broadcast .* 3 .* camera *$/m);
    assert.match(top, /^robot +latest .* 39 .* panel *$/m);
  }));

Deno.test("ringbus who lists the sockets of all channels or of one, with their labels", () =>
  inShell(async (shell) => {
    const { scratch, run } = shell;
    const { path: dir } = scratch;
    assert.match((await run(["who"])).stderr, /^no socket is open in /);
    using _camera = new Publisher("frames", { dir, label: "camera left" });
    using _planner = new Subscriber("frames", { dir });
    const child = scratch.spawn();
    const options = { dir, label: "arm" };
    await child.execute({ do: "open", id: "p", role: "pusher", target: "jobs", options });
    child.kill("SIGKILL");
    await child.ended();

    const seen = async (...words: string[]) =>
      (await json(shell, ["who", ...words])).map((
        { channel, role, label, pid, alive }: Json,
      ) => [channel, role, label, pid, alive]);
    const frames = [
      ["frames", "publisher", "camera left", Deno.pid, true],
      ["frames", "subscriber", undefined, Deno.pid, true],
    ];
    assert.deepEqual(await seen(), [...frames, ["jobs", "pusher", "arm", child.pid, false]]);
    assert.deepEqual(await seen("frames"), frames);
    const { stdout } = await run(["who"]);
    assert.match(stdout, /^frames +publisher +camera left +\d+ +\d+s +yes +no$/m);
    assert.match(stdout, /^jobs +pusher +arm +\d+ +\d+s +no +no$/m);
    const printed = await run(["stat", "frames", "--interval-ms", "10"]);
    assert.match(printed.stdout, /^ +0 +publisher +\d+ +\S+ +camera left +\d+s +yes /m);

    await using watch = shell.start(["who", "--watch", "frames", "--limit", "5"]);
    await watch.prints(/\d\d:\d\d:\d\d +joined +frames +publisher +camera left +pid \d+\n/);
    await watch.prints(/joined +frames +subscriber +- +pid/);
    const planner = new Subscriber("frames", { dir, label: "second" });
    await watch.prints(/joined +frames +subscriber +second +pid/);
    planner.close();
    assert.match((await watch.lines()).at(-1)!, /left +frames +subscriber +second/);
    const [created] = await json(shell, ["who", "-w", "-n", "1"]);
    assert.deepEqual([created.type, created.channel, created.kind], [
      "created",
      "frames",
      "broadcast",
    ]);
    removeStale({ dir });
  }));

Deno.test("ringbus ls and top list a segment with an invalid header as damaged, not as a queue", () =>
  inShell(async (shell) => {
    const path = `${shell.scratch.path}/jobs`;
    {
      using pusher = new Pusher<number>("jobs", { dir: shell.scratch.path });
      pusher.send(1);
    }
    poke(path, layout.HEADER_KIND, new Uint8Array([9]));
    const [listed] = await json(shell, ["ls"]);
    assert.deepEqual([listed.kind, listed.state], ["damaged", "damaged"]);
    const [top] = await json(shell, ["top", "--once", "--interval-ms", "20"]);
    assert.deepEqual([top.kind, top.state], ["damaged", "damaged"]);
    assert.match((await shell.run(["ls"])).stdout, /^jobs +damaged /m);
    Deno.removeSync(path);
  }));

Deno.test("ringbus tail shows a busy queue, and its pullers still get each message exactly once", () =>
  inScratch(async ({ path: dir, spawn }) => {
    using pusher = new Pusher<{ n: number } | string>("jobs", { dir, capacityBytes: 65536 });
    const lines = `${dir}/lines`;
    const script = `exec "${Deno.execPath()}" run -qA main.ts tail jobs --json > ${lines}`;
    await using tail = new Running("tail", "sh", ["-c", script], { env: { RINGBUS_DIR: dir } });
    await tail.prints("reading jobs");
    const pullers = [spawn(), spawn()];
    for (const puller of pullers) {
      await openSocket(puller, "p", "puller", "jobs", { dir });
      await puller.start({ do: "receive", id: "p", mode: "async" });
    }
    const count = 20_000;
    for (let n = 0; n < count; n++) pusher.sendSync({ n });
    for (const _ of pullers) pusher.sendSync("stop");
    const taken: number[] = [];
    for (const puller of pullers) {
      for (const { n } of await puller.result<{ n: number }[]>()) taken.push(n);
    }
    assert.deepEqual(taken.sort((a, b) => a - b), Array.from({ length: count }, (_, n) => n));
    tail.kill("SIGINT");
    assert.equal((await tail.ended()).code, EXIT.DONE);
    const records = Deno.readTextFileSync(lines).trimEnd().split("\n").map((line): Json =>
      JSON.parse(line)
    );
    const missed = records.reduce((sum, record) => sum + (record.missed ?? 0), 0);
    const seen = records.filter(({ value }) => value !== undefined);
    assert.equal(seen.length + missed, count + pullers.length);
    assert.ok(seen.every(({ sequence }, at) => at === 0 || sequence > seen[at - 1].sequence));
    assert.ok(seen.every(({ value, sequence }) => value === "stop" || value.n === sequence));
    Deno.removeSync(lines);
  }));

Deno.test("ringbus tail waits for a channel, and reports when it is deleted", () =>
  inShell(async ({ scratch, start }) => {
    const { path: dir } = scratch;
    await using tail = start(["tail", "late", "--wait", "--raw", "--limit", "3"]);
    for (const value of [1, 2]) {
      using puller = new Puller<number>("late", { dir });
      using pusher = new Pusher<number>("late", { dir });
      await tail.prints(value === 1 ? "reading late" : "late was deleted\nreading late");
      pusher.send(value);
      await tail.prints(value === 1 ? "AQ==" : "Ag==");
      puller.drain();
    }
    tail.kill("SIGTERM");
    const lines = await tail.lines();
    assert.deepEqual(lines.slice(0, 5), [
      "reading late",
      "AQ==",
      "late was deleted",
      "reading late",
      "Ag==",
    ]);
  }));

Deno.test("ringbus reports what is wrong with the channel or file that it has to read", () =>
  inShell(async ({ run, scratch }) => {
    const { path: dir } = scratch;
    using _publisher = new Publisher("a", { dir });
    const missing = await run(["tail", "nothing"]);
    assert.equal(missing.code, EXIT.FAILED);
    assert.match(missing.stderr, /there is no channel "nothing" in .*; ringbus ls lists/);
    const since = await run(["tail", "a", "--since", "noon"]);
    assert.equal(since.code, EXIT.USAGE);
    assert.match(since.stderr, /--since takes now or oldest, not "noon"/);
    const codec = { id: "own.v1", encode: () => new Uint8Array([1]), decode: () => 1 };
    using own = new Publisher("own", { dir, codec });
    own.send(1);
    const unknown = await run(["tail", "own"]);
    assert.equal(unknown.code, EXIT.FAILED);
    assert.match(unknown.stderr, /its codec "own\.v1" is not built in; give --raw/);
    const raw = await run(["tail", "own", "--raw", "--since", "oldest", "-n", "1"]);
    assert.equal(raw.stdout, "AQ==\n");
    const late = await run(["tail", "a", "--timeout-ms", "50"]);
    assert.equal(late.code, EXIT.TIMED_OUT);
    assert.match(late.stderr, /no message arrived on channel "a" within 50 ms/);
  }));

Deno.test("ringbus record ends at SIGTERM, and replay sends all of it again", () =>
  inShell(async ({ run, start, scratch }) => {
    const { path: dir } = scratch;
    const tape = Deno.makeTempFileSync({ dir: SCRATCH_ROOT });
    try {
      using publisher = new Publisher<unknown>("news", { dir });
      using subscriber = new Subscriber<unknown>("news", { dir });
      const values = ["one", { two: 2n }, new Uint8Array(50_000), new Float64Array([3])];
      {
        await using recorder = start(["record", "news", tape, "--force"]);
        await recorder.prints("reading news");
        for (const value of values) publisher.send(value);
        recorder.kill("SIGTERM");
        assert.match((await recorder.lines()).join("\n"), /recorded 4 messages \(48\.9 KiB\) to /);
      }
      assert.deepEqual(subscriber.drain(), values);
      const replayed = await run(["replay", tape, "--speed", "max"]);
      assert.deepEqual([replayed.code, replayed.stdout], [EXIT.DONE, "sent 4 messages to news\n"]);
      assert.deepEqual(subscriber.drain(), values);

      const whole = Deno.readFileSync(tape);
      Deno.writeFileSync(tape, whole.subarray(0, whole.length - 40));
      const cut = await run(["replay", tape, "copy", "--speed", "max"]);
      assert.deepEqual([cut.code, cut.stdout], [EXIT.FAILED, "sent 3 messages to copy\n"]);
      assert.match(
        cut.stderr,
        /is incomplete: it ends in the middle of the entry at byte \d+; the messages/,
      );
    } finally {
      Deno.removeSync(tape);
    }
  }));

Deno.test("a directory that does not exist is said not to exist", () =>
  inShell(async ({ run, scratch }) => {
    assert.match((await run(["ls"])).stderr, /there are no channels in [^ ]+$/m);
    const env = { RINGBUS_DIR: `${scratch.path}/mistyped` };
    for (const words of [["ls"], ["ls", "--json"], ["clean"], ["tail", "news"], ["stat", "news"]]) {
      const args = ["run", "-qA", "main.ts", ...words];
      const { stderr } = await new Deno.Command(Deno.execPath(), { args, env }).output();
      assert.match(
        new TextDecoder().decode(stderr),
        /\/mistyped, a directory that does not exist; check RINGBUS_DIR/,
        words.join(" "),
      );
    }
  }));

Deno.test("tail and record that begin before the codec is chosen use the sender's", () =>
  inShell(async ({ run, start, scratch }) => {
    const { path: dir } = scratch;
    const tape = Deno.makeTempFileSync({ dir: SCRATCH_ROOT });
    try {
      using subscriber = new Subscriber<unknown>("news", { dir });
      assert.match((await run(["ls"])).stdout, /^news +broadcast +- /m);
      {
        await using tail = start(["tail", "news", "-n", "1"]);
        await using recorder = start(["record", "news", tape, "--force", "-n", "1"]);
        await tail.prints("reading news");
        await recorder.prints("reading news");
        using publisher = new Publisher<unknown>("news", { dir, codec: "json" });
        publisher.send({ one: 1 });
        await tail.prints('{"one":1}');
        assert.match((await recorder.lines()).join("\n"), /recorded 1 message /);
      }
      const replayed = await run(["replay", tape, "--speed", "max"]);
      assert.deepEqual([replayed.code, replayed.stdout], [EXIT.DONE, "sent 1 message to news\n"]);
      assert.deepEqual(subscriber.drain(), [{ one: 1 }, { one: 1 }]);
    } finally {
      Deno.removeSync(tape);
    }
  }));

Deno.test("ringbus top restores the terminal", () =>
  inScratch(async ({ path: dir }) => {
    using _publisher = new Publisher("news", { dir });
    for (const [keys, how] of [["q", "q"], ["\\x03", "Ctrl-C"]]) {
      const words = ["run", "-qA", "main.ts", "top", "--interval-ms", "30"];
      const { code, stdout } = await new Deno.Command("python3", {
        args: [
          "-I",
          "-B",
          "tests/support/interop/terminal.py",
          "news",
          keys,
          Deno.execPath(),
          ...words,
        ],
        env: { RINGBUS_DIR: dir, TERM: "xterm" },
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert.equal(code, EXIT.DONE, `${how}: ${text}`);
      assert.ok(text.includes("\x1b[?1049h\x1b[?25l"), how);
      assert.ok(text.trimEnd().endsWith("\x1b[?25h\x1b[?1049l"), `${how}: ${JSON.stringify(text)}`);
    }
  }));
