// Listings: patterns, order, forms, and tables that fit the terminal.

import assert from "node:assert/strict";
import { parse } from "yaml";
import { EXIT } from "../../cli/command.ts";
import { Listing, requestOf } from "../../cli/listing/listing.ts";
import { Output } from "../../cli/output.ts";
import { fit } from "../../cli/listing/fit.ts";
import { shortened, textWidth } from "../../cli/listing/text_width.ts";
import { yamlDocument } from "../../cli/listing/yaml.ts";
import { Publisher, Pusher, removeStale, Subscriber } from "../../mod.ts";
import { inShell } from "../support/command_line.ts";
import { onTerminal } from "../support/terminal.ts";

const COLUMNS = [
  { heading: "NAME", rank: 0 },
  { heading: "SENT" },
  { heading: "TEXT", rank: 2 },
  { heading: "CHART", rank: 3, isWhole: true },
];
const ROWS = [
  ["a.long.name.of.a.channel", 12, "some words that go on", "▁▂▃"],
  ["short", 3, "日本語", "▁▁▁"],
];

Deno.test("a table that fits is shown as it is, with numbers to the right", () => {
  const { head, rows, hidden, cut } = fit(COLUMNS, ROWS, Infinity);
  assert.deepEqual([head, ...rows], [
    "NAME                      SENT  TEXT                   CHART",
    "a.long.name.of.a.channel    12  some words that go on  ▁▂▃",
    "short                        3  日本語                 ▁▁▁",
  ]);
  assert.deepEqual([hidden, cut], [[], []]);
});

Deno.test("a narrow table shortens its texts, then leaves out columns, and says which", () => {
  for (let width = 60; width >= 14; width--) {
    const { head, rows, hidden, cut } = fit(COLUMNS, ROWS, width);
    for (const line of [head, ...rows]) assert.ok(textWidth(line) <= width, `${width}: ${line}`);
    for (const { heading } of COLUMNS) {
      assert.equal(head.includes(heading), !hidden.includes(heading), `${width}: ${heading}`);
    }
    assert.equal(rows.join("").includes("…"), cut.length > 0, `${width}`);
    const place = ["", "CHART", "TEXT,CHART", "SENT,TEXT,CHART"].indexOf(`${hidden}`);
    assert.ok(place >= 0, `${width}: ${hidden}`);
    assert.ok(hidden.includes("CHART") || rows[0].endsWith("▁▂▃"), `${width}: ${rows[0]}`);
  }
  assert.deepEqual(fit(COLUMNS, ROWS, 18), {
    head: "NAME          SENT",
    rows: ["a.long.name…    12", "short            3"],
    hidden: ["TEXT", "CHART"],
    cut: ["NAME"],
  });
});

Deno.test("the width of a text is that on a terminal", () => {
  assert.deepEqual(["", "abc", "\x1b[31mred\x1b[0m", "日本", "e\u0301", "🚀"].map(textWidth), [
    0,
    3,
    3,
    4,
    1,
    2,
  ]);
  assert.equal(shortened("\x1b[31mred and long\x1b[0m", 6), "red a…");
  assert.equal(shortened("日本語", 5), "日本…");
  assert.equal(shortened("日本語", 4), "日…");
  assert.equal(shortened("same", 4), "same");
});

Deno.test("a document of YAML has the values that JSON has", () => {
  const values = [
    { name: "yes", n: -1.5, none: null, text: "a: b # c\n- d\t\u0085\u2028", list: [], nested: {} },
    { deep: [{ a: [1, [2, { b: "x" }]] }, []], "no": 1, "a key": true, "~": false, "": "" },
    [[1], []],
    "alone",
    7,
  ];
  assert.deepEqual(parse(yamlDocument(values).join("\n")), values);
  assert.deepEqual(parse(yamlDocument([]).join("\n")), []);
});

Deno.test("a listing rejects unknown columns and forms, and two forms", () => {
  const listing = new Listing<string>(
    [{ heading: "NAME", cell: (name) => name }, { heading: "SIZE", cell: ({ length }) => length }],
    (name) => name,
    (name) => name,
  );
  const text = new Output(false);
  const select = (values: Parameters<typeof requestOf>[0], ...patterns: string[]) =>
    listing.select(["b", "aa", "c"], requestOf(values, patterns, text));
  assert.deepEqual(select({}), ["b", "aa", "c"]);
  assert.deepEqual(select({ sort: "Name", reverse: true }), ["c", "b", "aa"]);
  assert.deepEqual(select({ sort: "size" }, "[ab]*"), ["aa", "b"]);
  assert.throws(
    () => select({ sort: "nam" }),
    /--sort takes name, size, not "nam"; did you mean name/,
  );
  assert.throws(
    () => select({ output: "xml" }),
    /--output takes table, wide, json, yaml, not "xml"/,
  );
  assert.throws(
    () => requestOf({ output: "yaml" }, [], new Output(true)),
    /give --json or --output yaml, not both/,
  );
});

Deno.test("ls, who and top select by patterns, sort, and print one thing in every form", () =>
  inShell(async ({ run, scratch: { path: dir } }) => {
    using arm = new Publisher<number>("robot.arm", { dir, label: "left arm" });
    using _camera = new Publisher<number>("robot.camera", { dir });
    using _sub = new Subscriber<number>("robot.camera", { dir });
    using jobs = new Pusher<number>("jobs", { dir });
    for (let n = 0; n < 20; n++) arm.send(n);
    for (let n = 0; n < 3; n++) jobs.send(n);
    const names = async (...words: string[]) => {
      const { stdout, stderr, code } = await run([...words, "--json"]);
      assert.equal(code, EXIT.DONE, stderr);
      return stdout.trimEnd().split("\n").map((line) => JSON.parse(line).name);
    };
    assert.deepEqual(await names("ls", "--sort", "sent"), ["robot.arm", "jobs", "robot.camera"]);
    assert.deepEqual(await names("ls", "robot.*", "-r"), ["robot.camera", "robot.arm"]);
    const once = ["top", "--once", "--interval-ms", "20"];
    assert.deepEqual(await names(...once, "robot.?????[a]", "jobs", "-s", "Name"), [
      "jobs",
      "robot.camera",
    ]);
    const [asJson, asYaml, wide] = await Promise.all(
      ["json", "yaml", "wide"].map((form) => run(["ls", "robot.arm", "-o", form])),
    );
    const record = JSON.parse(asJson.stdout);
    assert.deepEqual([record.messages, record.participants[0].label], [20, "left arm"]);
    assert.deepEqual(parse(asYaml.stdout), [record]);
    assert.match(wide.stdout, /STATE +CREATOR +PATH\n.* +\d+ +.*\/robot\.arm\n$/);
    const who = await run(["who", "robot.*", "-s", "role", "-o", "yaml"]);
    assert.deepEqual(
      parse(who.stdout).map(({ role, channel }: { role: string; channel: string }) => [
        role,
        channel,
      ]),
      [["publisher", "robot.arm"], ["publisher", "robot.camera"], ["subscriber", "robot.camera"]],
    );
    const none = await run(["ls", "rob"]);
    assert.deepEqual([none.code, none.stdout], [EXIT.FAILED, ""]);
    assert.match(none.stderr, /no channel of .* matches rob\n/);
    jobs.close();
    removeStale({ dir, includeNonEmpty: true });
  }));

Deno.test("ls, top and the help fit the terminal, and tables say what they lack", () =>
  inShell(async ({ scratch: { path: dir } }) => {
    using _long = new Publisher("a.channel.with.a.name.that.is.longer.than.all.others", { dir });
    const columns = 50;
    const [ls, help] = [
      await onTerminal(["ls"], { dir, columns }),
      await onTerminal(["serve", "--help"], { dir, columns }),
    ];
    const lines = ls.stdout.trimEnd().split("\r\n");
    assert.ok(lines.slice(0, 2).every((line) => textWidth(line) <= columns), ls.stdout);
    assert.match(lines[1], /^a\.chan.*… /);
    assert.match(
      lines.slice(2).join("\n"),
      /^to fit the terminal: without .*AGE.*; shortened NAME; -o wide shows everything$/,
    );
    for (const line of help.stdout.split("\r\n")) {
      // A word that is longer than a line, such as a command to copy, is not broken.
      const isProse = !/^ {2,}(ringbus|-)|^Usage/.test(line);
      assert.ok(!isProse || line.length <= columns, `${columns}: ${line}`);
    }
    const top = await onTerminal(["top", "--interval-ms", "30"], {
      dir,
      columns: 60,
      keys: ["to fit the terminal: without", "q"],
    });
    assert.equal(top.code, EXIT.DONE, top.stdout);
  }));

Deno.test("ls writes nothing: neither into the directory nor into a segment", () =>
  inShell(async ({ run, scratch: { path: dir } }) => {
    using pusher = new Pusher<number>("jobs", { dir });
    pusher.send(1);
    const before = stateOf(dir);
    for (const words of [["ls", "-o", "wide"], ["who"], ["inspect", "jobs"]]) {
      const { code, stderr } = await run(words);
      assert.equal(code, EXIT.DONE, stderr);
      assert.deepEqual(stateOf(dir), before, words.join(" "));
    }
    const missing = `${dir}/missing`;
    const ls = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-qA", "main.ts", "ls"],
      env: { RINGBUS_DIR: missing },
    }).output();
    assert.equal(ls.code, EXIT.DONE);
    assert.throws(() => Deno.statSync(missing), Deno.errors.NotFound);
    pusher.close();
    removeStale({ dir, includeNonEmpty: true });
  }));

/** What changes if anything in a directory is written, created, removed, or has its mode set. */
function stateOf(dir: string): unknown {
  const stateOf = (path: string) => {
    const { mtime, ctime, size, mode, ino, isFile } = Deno.statSync(path);
    const content = isFile ? Deno.readFileSync(path).toBase64() : "";
    return { path, mtime, ctime, size, mode, ino, content };
  };
  const names = [...Deno.readDirSync(dir)].map(({ name }) => `${dir}/${name}`).sort();
  return [dir, ...names].map(stateOf);
}
