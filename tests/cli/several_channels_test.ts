// Several channels at once, the times of messages, and abbreviated data: sub, tail and pull.

import assert from "node:assert/strict";
import { toJsonForm } from "../../cli/arguments/json_form.ts";
import { EXIT } from "../../cli/command.ts";
import { Publisher, Pusher, removeStale, Replier } from "../../mod.ts";
import { inShell } from "../support/command_line.ts";
import { onTerminal } from "../support/terminal.ts";

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

Deno.test("ringbus sub prints several channels, each message with its channel and time", () =>
  inShell(async ({ start, run, scratch: { path: dir } }) => {
    using arm = new Publisher<number>("robot.arm", { dir });
    using eye = new Publisher<string>("robot.eye", { dir });
    using jobs = new Pusher<number>("robot.jobs", { dir });
    {
      await using sub = start(["sub", "robot.*", "news", "-t", "--limit", "3"]);
      await sub.prints("subscribed to news");
      arm.send(1);
      await sub.prints(/ robot\.arm 1\n/);
      eye.send("two");
      await sub.prints(/ robot\.eye "two"\n/);
      using news = new Publisher<number>("news", { dir });
      news.send(3);
      const lines = (await sub.lines()).sort();
      assert.equal(lines.length, 6);
      assert.match(lines[0], new RegExp(`^${TIME} robot\\.arm 1$`));
      assert.match(lines[2], new RegExp(`^${TIME} news 3$`));
      assert.deepEqual(lines.slice(3), [
        "subscribed to news",
        "subscribed to robot.arm",
        "subscribed to robot.eye",
      ]);
    }
    const all = ["robot.arm", "robot.eye", "--since", "oldest"];
    const subscribed = await run(["sub", ...all, "--json", "--limit", "2"]);
    const records = subscribed.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(records.sort((a, b) => a.channel < b.channel ? -1 : 1), [
      { channel: "robot.arm", value: 1 },
      { channel: "robot.eye", value: "two" },
    ]);
    const single = await run(["sub", "robot.arm", "--since", "1", "-n", "1", "-t", "--json"]);
    assert.match(single.stdout, new RegExp(`^{"time":"${TIME}","value":1}\n$`));
    const late = await run(["sub", "robot.arm", "robot.eye", "--timeout-ms", "50"]);
    assert.equal(late.code, EXIT.TIMED_OUT);
    assert.match(
      late.stderr,
      /no message arrived on channel "robot\.arm", "robot\.eye" within 50 ms/,
    );
    jobs.close();
    removeStale({ dir, includeNonEmpty: true });
  }));

Deno.test("ringbus tail prints several channels, and goes on when one of them is deleted", () =>
  inShell(async ({ start, run, scratch: { path: dir } }) => {
    using jobs = new Pusher<unknown>("robot.jobs", { dir });
    using news = new Publisher<unknown>("robot.news", { dir });
    jobs.send(1);
    news.send(new Uint8Array(1000));
    const words = ["tail", "robot.*", "--since", "oldest"];
    {
      await using tail = start([...words, "--json", "-t", "--max-binary", "8", "-n", "3"]);
      await tail.prints(/"value"[^]*"value"/);
      news.close();
      await tail.prints("robot.news was deleted");
      jobs.send(2);
      const records = (await tail.lines()).filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line));
      assert.deepEqual(
        records.map(({ channel, sequence, value }) =>
          `${channel} ${sequence} ${JSON.stringify(value)}`
        )
          .sort(),
        [
          "robot.jobs 0 1",
          "robot.jobs 1 2",
          `robot.news 0 {"$abbreviated":"Uint8Array","bytes":1000,"begin":"${"0".repeat(32)}"}`,
        ],
      );
      for (const { time } of records) assert.match(time, new RegExp(`^${TIME}$`));
    }
    const plain = await run([...words, "-n", "1"]);
    assert.equal(plain.stdout, "1\n", "one channel matches: no name before the value");
    const none = await run(["tail", "x*"]);
    assert.equal(none.code, EXIT.FAILED);
    assert.match(none.stderr, /no channel matches "x\*" in .*; ringbus ls lists the channels/);
    jobs.close();
    removeStale({ dir, includeNonEmpty: true });
  }));

Deno.test("big binary payloads are abbreviated on a terminal, and whole elsewhere", () =>
  inShell(async ({ run, scratch: { path: dir } }) => {
    using news = new Publisher<unknown>("news", { dir });
    const picture = new Uint8Array(100_000).fill(255);
    news.send({ picture, small: new Uint8Array([1]) });
    const words = ["sub", "news", "--since", "oldest", "-n", "1"];
    const piped = await run(words);
    assert.deepEqual(JSON.parse(piped.stdout), {
      picture: { $bytes: picture.toBase64() },
      small: { $bytes: "AQ==" },
    });
    const shown = await onTerminal(words, { dir });
    const begin = "ff".repeat(16);
    const line = shown.stdout.split("\r\n").find((line) => line.startsWith("{"))!;
    assert.deepEqual(JSON.parse(line), {
      picture: { $abbreviated: "Uint8Array", bytes: 100_000, begin },
      small: { $bytes: "AQ==" },
    });
    const sent = await run(["pub", "news", line]);
    assert.equal(sent.code, EXIT.USAGE);
    assert.match(sent.stderr, /the key "\$abbreviated" stands for no value/);
    const both = await run([...words, "--raw", "-t"]);
    assert.match(both.stderr, /give --raw or --timestamps, not both/);
  }));

Deno.test("the abbreviated form says what the data is", () => {
  const values = [
    new Float32Array([1, 2, 3]),
    new Uint8Array(13).subarray(1),
    new DataView(new ArrayBuffer(20), 4),
    new ArrayBuffer(12),
  ];
  assert.deepEqual(values.map((value) => toJsonForm(value, 11)), [
    { $abbreviated: "Float32Array", bytes: 12, begin: "0000803f0000004000004040" },
    { $abbreviated: "Uint8Array", bytes: 12, begin: "00".repeat(12) },
    { $abbreviated: "DataView", bytes: 16, begin: "00".repeat(16) },
    { $abbreviated: "ArrayBuffer", bytes: 12, begin: "00".repeat(12) },
  ]);
  assert.deepEqual(toJsonForm(values[0], 12), { $array: "Float32Array", values: [1, 2, 3] });
});

Deno.test("what other programs name and send does not control the terminal", () =>
  inShell(async ({ start, run, scratch: { path: dir } }) => {
    // Of 8 bits, of 7 bits, from right to left, and a separator of lines.
    const evil = "\u009b31m\x1b]0;title\x07\x7f\u202e\u2028";
    using news = new Publisher<string>("news", { dir, label: "left \u202e\u2028" });
    news.send(evil, { topic: evil });
    const once = ["news", "--since", "oldest", "--limit", "1"];
    const outputs = [
      await run(["sub", ...once]),
      await run(["sub", ...once, "--json"]),
      await run(["tail", ...once]),
      await run(["inspect", "news"]),
      await run(["who"]),
      await run(["who", "-o", "yaml"]),
      await run(["stat", "news"]),
    ];
    using replier = new Replier<string, string>("calc", { dir });
    const serving = replier.serve(() => {
      throw new Error(evil);
    });
    outputs.push(await run(["req", "calc", "1"]));
    replier.close();
    await serving;
    for (const { stdout, stderr } of outputs) {
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(stdout + stderr, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]/);
    }
    assert.deepEqual(JSON.parse(outputs[1].stdout), { topic: evil, value: evil });
    await using sub = start(["sub", ...once]);
    assert.match(
      (await sub.lines()).join(),
      /\\u009b31m\\u001b]0;title\\u0007\\u007f\\u202e\\u2028/,
    );
    assert.match(outputs[4].stdout, /left \\u202e\\u2028 /);
  }));
