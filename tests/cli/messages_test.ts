import assert from "node:assert/strict";
import { fromJsonForm, toJsonForm } from "../../cli/arguments/json_form.ts";
import { EXIT } from "../../cli/command.ts";
import { Publisher, Puller, Pusher, Requester, Subscriber, type TopicMessage } from "../../mod.ts";
import { inShell } from "../support/command_line.ts";
import { within } from "../support/deadline.ts";

const FFI_ALONE = { permissions: ["--allow-ffi", "--allow-env=RINGBUS_DIR"] };

Deno.test("ringbus lists its commands, and its exit codes name the kind of failure", () =>
  inShell(async ({ run }) => {
    const help = await run(["--help"]);
    assert.equal(help.code, EXIT.DONE);
    assert.match(help.stdout, /^ {2}pub {3,}publish values to a channel$/m);
    const bare = await run([]);
    assert.deepEqual([bare.code, bare.stdout], [EXIT.USAGE, help.stdout]);
    const unknown = await run(["publish"]);
    assert.equal(unknown.code, EXIT.USAGE);
    assert.match(unknown.stderr, /there is no command "publish": use .*pub, sub/);
    const misused = await run(["pub", "x", "--every-ms", "soon"]);
    assert.equal(misused.code, EXIT.USAGE);
    assert.match(misused.stderr, /--every-ms takes a whole number of at least 0, not "soon"/);
    assert.match(misused.stderr, /See `ringbus pub --help`/);
    for (const command of ["pub", "sub"]) {
      const small = await run([command, "x", "--capacity", "3"]);
      assert.equal(small.code, EXIT.USAGE);
      assert.match(small.stderr, /--capacity takes bytes from 1024 to 2147483648, not "3"/);
    }
    const badName = await run(["pub", "../x", "1"]);
    assert.equal(badName.code, EXIT.FAILED);
    assert.match(badName.stderr, /cannot open channel "\.\.\/x"/);
  }));

Deno.test("ringbus suggests corrections of mistyped words", () =>
  inShell(async ({ run, scratch }) => {
    using _publisher = new Publisher("robot", { dir: scratch.path });
    const cases: [words: string[], code: number, said: RegExp][] = [
      [["--json", "ls"], EXIT.USAGE, /give --json after a command, not before it\n/],
      [
        ["replay", "x", "--speed", "fast"],
        EXIT.USAGE,
        /--speed takes a number above 0, or max, not "fast"/,
      ],
      [
        ["replay", "x", "--speed", "0"],
        EXIT.USAGE,
        /--speed takes a number above 0, or max, not "0"/,
      ],
      [["lss"], EXIT.USAGE, /there is no command "lss": use .*; did you mean ls\?/],
      [["pul"], EXIT.USAGE, /there is no command "pul": use .*; did you mean pull\?/],
      [["ls", "--jsn"], EXIT.USAGE, /there is no option --jsn; did you mean --json\?/],
      [["serve", "--no-htp"], EXIT.USAGE, /no option --no-htp; did you mean --no-http\?/],
      [["push", "x", "-5"], EXIT.USAGE, /no option -5; put a value that begins with - after --/],
      [["stat"], EXIT.USAGE, /ringbus stat takes NAME, not 0 arguments/],
      [["clean", "robot"], EXIT.USAGE, /ringbus clean takes options alone, not 1 argument/],
      [
        ["rep", "x", "cat"],
        EXIT.USAGE,
        /ringbus rep takes NAME -- COMMAND \[ARGUMENT\.\.\.\], not 2/,
      ],
      [["stat", "robto"], EXIT.FAILED, /no channel "robto" in .*; did you mean robot\?/],
    ];
    for (const [words, expected, said] of cases) {
      const { code, stderr } = await run(words);
      assert.equal(code, expected, words.join(" "));
      assert.match(stderr, said);
    }
    assert.equal((await run(["help", "pub"])).stdout, (await run(["pub", "--help"])).stdout);
  }));

Deno.test("ringbus --version prints the version of deno.json", () =>
  inShell(async ({ run }) => {
    const { version } = JSON.parse(await Deno.readTextFile("deno.json"));
    assert.equal((await run(["--version"])).stdout, `${version}\n`);
  }));

Deno.test("ringbus pub waits for a subscriber, and sub prints what was published", () =>
  inShell(async ({ run, start }) => {
    await using sub = start(["sub", "robot", "--limit", "4"]);
    const words = ["pub", "robot", "--wait", "hello", "5", '{"pos":[1,2]}', '{"$bigint":"7"}'];
    const { code, stdout } = await run(words, FFI_ALONE);
    assert.deepEqual([code, stdout], [EXIT.DONE, "published 4 messages to robot\n"]);
    const lines = ["subscribed to robot", '"hello"', "5", '{"pos":[1,2]}', '{"$bigint":"7"}'];
    assert.deepEqual(await sub.lines(), lines);
  }));

Deno.test("ringbus sub comes first, and leaves its publisher the capacity", () =>
  inShell(async ({ run, start }) => {
    await using sub = start(["sub", "robot", "--limit", "1"]);
    const words = ["pub", "robot", "--wait", "--capacity", "64K", "hello"];
    const { code, stderr } = await run(words);
    assert.deepEqual([code, stderr], [EXIT.DONE, ""]);
    assert.deepEqual(await sub.lines(), ["subscribed to robot", '"hello"']);
  }));

Deno.test("an empty pattern of topics is misuse", () =>
  inShell(async ({ run }) => {
    const { code, stderr } = await run(["sub", "robot", "--topic", ""]);
    assert.equal(code, EXIT.USAGE);
    assert.match(stderr, /--topic takes a pattern of topics, such as pose\.\*, not ""/);
  }));

Deno.test("ringbus sub begins with what was sent before, and counts what is gone", () =>
  inShell(async ({ run, scratch }) => {
    using publisher = new Publisher<number>("robot", { dir: scratch.path, capacityBytes: 1024 });
    publisher.sendMany([1, 2, 3]);
    const all = await run(["sub", "robot", "--since", "oldest", "--limit", "3"]);
    assert.deepEqual([all.code, all.stdout], [EXIT.DONE, "1\n2\n3\n"]);
    const newest = await run(["sub", "robot", "--since", "1", "--limit", "1"]);
    assert.deepEqual([newest.code, newest.stdout], [EXIT.DONE, "3\n"]);
    for (let n = 4; n <= 100; n++) publisher.send(n);
    const rest = await run(["sub", "robot", "--since", "oldest", "--limit", "1"]);
    assert.match(rest.stderr, new RegExp(`missed ${Number(rest.stdout) - 1}\n`));
    for (const since of ["newest", "-1", "1.5", ""]) {
      const { code, stderr } = await run(["sub", "robot", `--since=${since}`]);
      assert.equal(code, EXIT.USAGE, since);
      assert.match(stderr, /--since takes oldest, now or a number of messages, not "/);
    }
  }));

Deno.test("ringbus pub, sub, tail, inspect, record and replay know topics", () =>
  inShell(async ({ run, scratch }) => {
    const { path: dir } = scratch;
    using publisher = new Publisher<unknown>("robot", { dir });
    const published = await run(["pub", "robot", "1", "2", "--topic", "pose.arm"]);
    assert.equal(published.code, EXIT.DONE);
    publisher.send("low", { topic: "a battery" });
    publisher.send(3);
    const all = ["pose.arm 1", "pose.arm 2", '"a battery" "low"', "3", ""].join("\n");
    const words = ["--since", "oldest", "--limit", "4"];
    for (const command of ["sub", "tail"]) {
      const { code, stdout } = await run([command, "robot", ...words]);
      assert.deepEqual([code, stdout.split("\n").sort()], [EXIT.DONE, all.split("\n").sort()]);
    }
    const arm = await run(["sub", "robot", ...words, "--limit=2", "--topic=x", "--topic=pose.*"]);
    assert.equal(arm.stdout, "pose.arm 1\npose.arm 2\n");
    const newest = [
      "sub",
      "robot",
      ...words,
      "--limit=1",
      "--topic=pose.*",
      "--conflate",
      "--json",
    ];
    assert.equal((await run(newest)).stdout, '{"topic":"pose.arm","value":2}\n');
    const tail = await run(["tail", "robot", ...words, "--json"]);
    assert.match(tail.stdout, /"topic":"a battery","value":"low"/);
    const { stdout: report } = await run(["inspect", "robot"]);
    assert.match(report, /committed +"a battery" "low"\n/);
    const recorded = await run(["record", "robot", `${dir}/robot.rec`, ...words]);
    assert.equal(recorded.code, EXIT.DONE, recorded.stderr);
    using again = new Subscriber<TopicMessage>("again", { dir, withTopic: true });
    await run(["replay", `${dir}/robot.rec`, "again", "--speed=max"]);
    const topics = again.drain().map(({ topic }) => topic);
    assert.deepEqual(topics.sort(), ["a battery", "pose.arm", "pose.arm", undefined]);
    const long = await run(["pub", "robot", "1", "--topic", "x".repeat(256)]);
    assert.match(long.stderr, /topic must have at most 255 bytes of UTF-8, not 256/);
    Deno.removeSync(`${dir}/robot.rec`);
  }));

Deno.test("ringbus pub warns when there is no subscriber", () =>
  inShell(async ({ run }) => {
    const { code, stderr } = await run(["pub", "robot", "1"]);
    assert.equal(code, EXIT.DONE);
    assert.match(stderr, /robot has no subscriber/);
    const waited = await run(["pub", "robot", "1", "--wait", "--timeout-ms", "50"]);
    assert.equal(waited.code, EXIT.TIMED_OUT);
    assert.match(waited.stderr, /no subscriber attached to channel "robot" within 50 ms/);
  }));

Deno.test("ringbus push sends words as text, but rejects broken JSON", () =>
  inShell(async ({ run }) => {
    const broken = await run(["push", "jobs", '{"a":1']);
    assert.equal(broken.code, EXIT.USAGE);
    assert.match(
      broken.stderr,
      /argument \{"a":1 begins like JSON and is not valid JSON: .*give --text/,
    );
    await run(["push", "jobs", "[1", "--text"]);
    await run(["push", "jobs", "x]", "--", "-5"]);
    assert.equal((await run(["pull", "jobs", "-n3"])).stdout, '"[1"\n"x]"\n-5\n');
  }));

Deno.test("ringbus sub prints nothing before its options are read", () =>
  inShell(async ({ run }) => {
    const { code, stderr } = await run(["sub", "robot", "--limit", "0"]);
    assert.equal(code, EXIT.USAGE);
    assert.ok(!stderr.includes("subscribed"), stderr);
  }));

Deno.test("ringbus push takes JSON lines, and pull prints each message once", () =>
  inShell(async ({ run }) => {
    const pushed = await run(["push", "jobs", "--json"], { input: '{"n":1}\n\n"two"\r\n[3]' });
    assert.deepEqual(JSON.parse(pushed.stdout), { sent: 3 });
    const first = await run(["pull", "jobs", "--limit", "2"], FFI_ALONE);
    assert.equal(first.stdout, '{"n":1}\n"two"\n');
    assert.equal((await run(["pull", "jobs", "-n1"])).stdout, "[3]\n");
    const none = await run(["pull", "jobs", "--timeout-ms", "50"]);
    assert.equal(none.code, EXIT.TIMED_OUT);
    assert.match(none.stderr, /no message arrived on channel "jobs" within 50 ms/);
  }));

Deno.test("ringbus push names the line that is not JSON, and has sent the lines before it", () =>
  inShell(async ({ run }) => {
    const { code, stderr } = await run(["push", "jobs"], { input: "1\n2\nthree\n4\n" });
    assert.equal(code, EXIT.USAGE);
    assert.match(stderr, /line 3 of the input is not valid JSON: .*The lines before it were sent/s);
    assert.equal((await run(["pull", "jobs", "-n", "2"])).stdout, "1\n2\n");
  }));

Deno.test("ringbus push with a full ring ends with the exit code of a timeout, nothing lost", () =>
  inShell(async ({ run }) => {
    const input = Array.from({ length: 60 }, (_, n) => `"${`${n}`.padStart(40)}"\n`).join("");
    const words = ["push", "jobs", "--json", "--capacity", "1K", "--timeout-ms", "50"];
    const { code, stdout, stderr } = await run(words, { input });
    assert.equal(code, EXIT.TIMED_OUT);
    assert.match(stderr, /jobs/);
    const { sent } = JSON.parse(stdout);
    const { stdout: pulled } = await run(["pull", "jobs", "--limit", `${sent}`]);
    assert.equal(pulled, input.split("\n").slice(0, sent).map((line) => `${line}\n`).join(""));
  }));

Deno.test("ringbus pull returns the messages that its reader did not take", () =>
  inShell(async ({ run, scratch }) => {
    // More than a pipe holds: pull still writes when head ends.
    const input = Array.from({ length: 10 }, (_, n) => `[${n},"${"x".repeat(20_000)}"]\n`).join("");
    await run(["push", "jobs"], { input });
    const shell = new Deno.Command("sh", {
      args: ["-c", `"${Deno.execPath()}" run -qA main.ts pull jobs 2>/dev/null | head -1`],
      env: { RINGBUS_DIR: scratch.path },
      stderr: "null",
    });
    const output = await within(shell.output(), "the end of pull");
    const taken = new TextDecoder().decode(output.stdout).trim().split("\n");
    assert.deepEqual(taken.map((line) => JSON.parse(line)[0]), [0]);
    const { stdout } = await run(["pull", "jobs", "--timeout-ms", "500"]);
    const rest = stdout.trim().split("\n").map((line) => JSON.parse(line)[0]);
    assert.deepEqual(
      rest.sort(),
      Array.from({ length: rest.length }, (_, n) => 10 - rest.length + n),
    );
    assert.ok(rest.length >= 5, `only ${rest} are left`);
  }));

Deno.test("ringbus req prints what the command of rep printed, and its errors", () =>
  inShell(async ({ run, start }) => {
    const script =
      "read n; [ $n = 0 ] && { echo 'cannot divide by 0' >&2; exit 3; }; echo $((84/n))";
    await using rep = start(["rep", "calc", "--limit", "3", "--", "sh", "-c", script]);
    const good = await run(["req", "calc", "2", "4", "--timeout-ms", "20000"]);
    assert.deepEqual([good.code, good.stdout], [EXIT.DONE, "42\n21\n"]);
    const bad = await run(["req", "calc", "0", "--timeout-ms", "20000"]);
    assert.equal(bad.code, EXIT.FAILED);
    assert.match(bad.stderr, /cannot divide by 0/);
    assert.deepEqual(await rep.lines(), ["replying on calc", "replied to 3 requests"]);
  }));

Deno.test("ringbus rep kills a command that takes too long, and its requester gets an error", () =>
  inShell(async ({ run, start }) => {
    const words = ["rep", "slow", "-n", "1", "--command-timeout-ms", "100", "--", "sleep", "60"];
    await using rep = start(words);
    const { code, stderr } = await run(["req", "slow", "1", "--timeout-ms", "20000"]);
    assert.equal(code, EXIT.FAILED);
    assert.match(stderr, /sleep did not reply within 100 ms/);
    await rep.lines();
  }));

Deno.test("ringbus rep without a command, and with one that does not exist", () =>
  inShell(async ({ run, start }) => {
    const without = await run(["rep", "x"]);
    assert.equal(without.code, EXIT.USAGE);
    assert.match(without.stderr, /give the command to run after --/);
    await using rep = start(["rep", "x", "-n1", "--", "no-such-program"]);
    const { stderr } = await run(["req", "x", "1", "--timeout-ms", "20000"]);
    assert.match(stderr, /cannot run no-such-program/);
    await rep.lines();
  }));

Deno.test("ringbus sends and prints bytes unchanged on a raw channel", () =>
  inShell(async ({ run, start }) => {
    const bytes = ["--codec", "raw"];
    await using rep = start(["rep", "bytes", "-n1", ...bytes, "--", "tr", "a-z", "A-Z"]);
    const { stdout } = await run([
      "req",
      "bytes",
      ...bytes,
      "--raw",
      "--timeout-ms",
      "20000",
      "héllo",
    ]);
    assert.equal(stdout, "HéLLO");
    await rep.lines();
  }));

Deno.test("ringbus sends bytes to a raw channel that another program has made", () =>
  inShell(async ({ run, start, scratch: { path: dir } }) => {
    using puller = new Puller<Uint8Array>("bytes", { dir, codec: "raw" });
    await run(["push", "bytes", "hello", "5", '{"$bytes":'], FFI_ALONE);
    await run(["push", "bytes"], { input: "a line\n\n[1\n" });
    const received = Array.from({ length: 6 }, () => new TextDecoder().decode(puller.recvSync()));
    assert.deepEqual(received, ["hello", "5", '{"$bytes":', "a line", "", "[1"]);
    using subscriber = new Subscriber<Uint8Array>("news", { dir, codec: "raw" });
    await run(["pub", "news", "hello"]);
    assert.deepEqual(subscriber.recvSync(), new TextEncoder().encode("hello"));
    using _requester = new Requester("calc", { dir, codec: "raw" });
    await using rep = start(["rep", "calc", "-n1", "--", "tr", "a-z", "A-Z"]);
    const words = ["req", "calc", "--raw", "--timeout-ms", "20000", "hello"];
    assert.equal((await run(words)).stdout, "HELLO");
    await rep.lines();
  }));

Deno.test("ringbus pull on a full disk says so, and loses no message", () =>
  inShell(async ({ run, scratch: { path: dir } }) => {
    using pusher = new Pusher<number>("jobs", { dir });
    pusher.sendMany([1, 2, 3]);
    const words = ["run", "-A", "main.ts", "pull", "jobs"];
    const full = await new Deno.Command("sh", {
      args: ["-c", 'exec "$0" "$@" >/dev/full', Deno.execPath(), ...words],
      env: { RINGBUS_DIR: dir, NO_COLOR: "1" },
    }).output();
    assert.equal(full.code, EXIT.FAILED);
    const said = new TextDecoder().decode(full.stderr);
    assert.match(said, /^ringbus: cannot write the output: No space left on device/m);
    const { stdout } = await run(["pull", "jobs", "--limit", "3"]);
    assert.deepEqual(stdout.trim().split("\n").sort(), ["1", "2", "3"]);
  }));

Deno.test("ringbus sends an empty line as a text, and skips it among lines of JSON", () =>
  inShell(async ({ run, scratch: { path: dir } }) => {
    using puller = new Puller<unknown>("jobs", { dir });
    await run(["push", "jobs", "--text"], { input: "\n \nlast" });
    await run(["push", "jobs"], { input: '\n\n""\n' });
    assert.deepEqual(puller.drain(10), ["", " ", "last", ""]);
  }));

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`ringbus sub and rep end cleanly at ${signal}`, () =>
    inShell(async ({ start }) => {
      await using sub = start(["sub", "robot"]);
      await using rep = start(["rep", "calc", "--", "cat"]);
      await Promise.all([sub.prints("subscribed"), rep.prints("replying")]);
      sub.kill(signal);
      rep.kill(signal);
      assert.deepEqual(await sub.lines(), ["subscribed to robot"]);
      assert.deepEqual(await rep.lines(), ["replying on calc", "replied to 0 requests"]);
    }));
}

for (const [command, Sender] of [["sub", Publisher], ["pull", Pusher]] as const) {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.test(`ringbus ${command} ends at ${signal} while messages pour in`, () =>
      inShell(async ({ scratch: { path: dir }, start }) => {
        using sender = new Sender("robot", { dir, capacityBytes: 65_536 });
        await using receiving = start([command, "robot"]);
        await receiving.prints(command === "sub" ? "subscribed" : "pulling");
        let hasEnded = false;
        const ended = receiving.lines().finally(() => hasEnded = true);
        let rounds = 0;
        while (!hasEnded) {
          assert(rounds < 1100, "it did not end while 1,000,000 messages were sent");
          sender.sendMany(Array(1000).fill(1));
          await new Promise((resolve) => setTimeout(resolve, 0));
          if (++rounds === 100) receiving.kill(signal);
        }
        await ended;
        sender.send("a message without a puller keeps the channel");
      }, command === "pull" ? ["robot"] : []));
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  for (const command of ["sub", "pull", "tail"]) {
    Deno.test(`ringbus ${command} ends at ${signal} though no process reads what it prints`, () =>
      inShell(async ({ scratch: { path: dir } }) => {
        const Sender = command === "sub" ? Publisher : Pusher;
        using sender = new Sender<string>("robot", { dir });
        const process = new Deno.Command(Deno.execPath(), {
          args: ["run", "-qA", "main.ts", command, "robot"],
          env: { RINGBUS_DIR: dir },
          stdin: "null",
          stdout: "piped",
          stderr: "piped",
        }).spawn();
        const notices = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
        await notices.read();
        // More than the pipe and the stream hold.
        sender.sendMany(Array(1000).fill("x".repeat(1000)));
        const reader = process.stdout.getReader();
        await within(reader.read(), "the first line");
        process.kill(signal);
        const { code } = await within(process.status, `the end of ${command}`);
        assert.equal(code, EXIT.DONE);
        await Promise.all([reader.cancel(), notices.cancel()]);
        if (command === "sub") return;
        using puller = new Puller("robot", { dir });
        const { length } = puller.drain();
        assert.ok(length > 0 && (command === "pull" || length === 1000), `${length} are left`);
      }));
  }
}

Deno.test("the JSON form keeps every value", () => {
  const values = [
    undefined,
    null,
    true,
    0.5,
    NaN,
    -Infinity,
    -0,
    2n ** 70n,
    "text",
    new Date(1_700_000_000_123),
    new Uint8Array([0, 255]),
    new Float32Array([0.5, NaN]),
    new BigInt64Array([-5n]),
    { data: new Int16Array([1, 2]), shape: [1, 2] },
    new Map<unknown, unknown>([[{ a: 1 }, new Set([1n])]]),
    /a+/gi,
    { $bytes: "no bytes", a: [{ $b: undefined }] },
    JSON.parse('{"__proto__": 1}'),
  ];
  for (const value of values) {
    const back = fromJsonForm(JSON.parse(JSON.stringify(toJsonForm(value))));
    assert.deepEqual(back, value);
  }
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  assert.deepEqual(toJsonForm(cycle), { self: { $cycle: true } });
  assert.deepEqual(
    fromJsonForm(toJsonForm(new TypeError("no"))),
    Object.assign(new Error("no"), {
      name: "TypeError",
    }),
  );
});

Deno.test("the JSON form rejects forms without a meaning", () => {
  const wrong = [{ $nothing: 1 }, { $bytes: 5 }, { $array: "Array", values: [] }, { $map: {} }];
  for (const form of [...wrong, { $object: 1 }, { $array: "eval", values: [] }]) {
    assert.throws(() => fromJsonForm(form), TypeError, JSON.stringify(form));
  }
});
