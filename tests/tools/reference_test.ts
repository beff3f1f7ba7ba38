// The reference that `deno task docs` writes.

import assert from "node:assert/strict";
import { entryAt } from "../../tools/docs/doc.ts";
import { Library } from "../../tools/docs/inherited.ts";
import { splitDefault } from "../../tools/docs/option_table.ts";
import { pageOf } from "../../tools/docs/page.ts";
import { sourcesIn } from "../support/error_messages.ts";
import { GENERATED, pageAt, PAGES } from "../support/pages.ts";
import { ROOT } from "../support/program.ts";

const MODULE = `/**
 * A module.
 *
 * @module
 */

/** Options. */
export interface Options {
  /** A name. */
  name?: string;
}
/** More options. */
export interface MoreOptions extends Options {
  /** Seconds, or \`"off"\`. Default: 5 s. At least 1. */
  seconds?: number | "off" | undefined;
  /** A path. */
  path: string;
}
/** A base. */
export class Base {
  /** Its name. */
  name = "";
  /** Closes. */
  close(): void {}
  /**
   * Ends.
   * @internal
   */
  protected end(): void {}
}
/** Between. */
export class Middle extends Base {
  /** Sends. */
  send(): void {}
}
/** A class. */
export class Derived extends Middle {
  /** Makes one. */
  constructor(options: Options = {}, { name }: Options = {}, ...rest: string[]) { super(); }
  /** Closes otherwise. */
  override close(): void {}
  /** Adds. */
  add(value: number): void;
  add(value: number, more?: unknown): void {}
  [Symbol.for("Deno.customInspect")](): string {
    return "";
  }
}
`;

Deno.test("the reference has options with defaults and inherited members, and nothing internal", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, MODULE);
    const entry = await entryAt(path);
    const page = pageOf("@example/module", "a.md", entry, new Library(new Map([["a.md", entry]])));
    assert.ok(
      page.includes("constructor(options?: Options, options?: Options, ...rest: string[])"),
      page,
    );
    const [, derived] = page.split("## Derived");
    const [section] = derived.split("\n## ");
    assert.match(section, /^ {2}add\(value: number\): void;$/m);
    assert.doesNotMatch(section, /more|Symbol\.for/);
    assert.match(section, /^Inherited from \[Middle\]\(#middle\): `send`\.$/m);
    assert.match(section, /^Inherited from \[Base\]\(#base\): `name`\.$/m);
    const [, options] = page.split("## MoreOptions");
    assert.deepEqual(options.split("\n## ")[0].split("\n").filter((line) => /^\| `/.test(line)), [
      '| `seconds` | `number \\| "off"` | 5 s | Seconds, or `"off"`. At least 1. |',
      "| `path` | `string` | needed | A path. |",
      "| `name` (of [Options](#options)) | `string` | none | A name. |",
    ]);
    assert.doesNotMatch(page, /\bend\b/);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("the default of an option is a sentence of its comment", () => {
  const cases: [string, string, string | undefined][] = [
    ["A name. Default: none.", "A name.", "none"],
    ["Default: `Date.now`", "", "`Date.now`"],
    ["Directory; Default: a.b.c. It stays.", "Directory. It stays.", "a.b.c"],
    ["Default, or null: all. One is enough.", "One is enough.", "all"],
    ["The default of others.", "The default of others.", undefined],
  ];
  for (const [text, meaning, initial] of cases) {
    assert.deepEqual(
      splitDefault(text),
      initial === undefined ? { meaning } : { meaning, initial },
    );
  }
});

/** The part of a page about an export. */
function sectionOf(file: string, name: string): string {
  const [, section] = pageAt(`${GENERATED}${file}`).text.split(`\n## ${name}\n`);
  assert.ok(section !== undefined, `${file} has no ${name}`);
  return section.split("\n## ")[0];
}

/** Classes and interfaces with a base, a member that they inherit, and one of their own. */
const INHERITING = [
  ["core.md", "Subscriber", "ReceivingSocket", "recvSync", "deadlines"],
  ["core.md", "Subscriber", "Socket", "close", "topic"],
  ["core.md", "Publisher", "Socket", "statistics", "loan"],
  ["core.md", "InMemoryMessageQueue", "QueueBase", "publish", "constructor"],
  ["redis.md", "RedisMessageQueue", "QueueBase", "acknowledge", "constructor"],
  ["http.md", "SharedMemoryMessagingBackend", "BaseMessagingBackend", "getMessagesSince", "get"],
] as const;

Deno.test("the reference lists what a class inherits, and its own members", () => {
  for (const [file, name, base, inherited, own] of INHERITING) {
    const section = sectionOf(file, name);
    const line = section.split("\n").find((line) => line.startsWith(`Inherited from [${base}]`));
    assert.ok(line?.includes(`\`${inherited}\``), `${name} inherits ${inherited} from ${base}`);
    assert.match(
      section,
      new RegExp(`^ +(?:readonly |override )?${own}\\b`, "m"),
      `${name}.${own}`,
    );
  }
});

Deno.test("the reference has the options of what it describes, each with a default if there is one", () => {
  const cases = [
    ["core.md", "SubscriberOptions", "since", '`"now"`'],
    ["core.md", "SubscriberOptions", "persist", "false"],
    ["core.md", "PublisherOptions", "dir", "`RINGBUS_DIR`, or the user's own directory"],
    ["http.md", "SharedMemoryServerOptions", "port", undefined],
    ["tcp.md", "EmbeddedServerOptions", "port", undefined],
    ["redis.md", "RedisQueueOptions", "clock", "the clock of the machine"],
    [
      "testing.md",
      "TestChannelsOptions",
      "parent",
      "`/dev/shm` on Linux, else that for temporary files",
    ],
  ] as const;
  for (const [file, name, option, initial] of cases) {
    const row = sectionOf(file, name).split("\n").find((line) =>
      line.startsWith(`| \`${option}\``)
    );
    const cells = row?.split(/(?<!\\) \| /);
    assert.equal(cells?.length, 4, `${name}.${option}`);
    assert.notEqual(cells![2], "", `${name}.${option}`);
    if (initial !== undefined) assert.equal(cells![2], initial);
  }
});

Deno.test("the reference names nothing that is internal", () => {
  let count = 0;
  for (const { path, text } of PAGES.filter(({ path }) => path.startsWith(GENERATED))) {
    for (
      const [, code] of text.matchAll(/^```ts\n((?:abstract )?(?:class|interface) [^]*?)^```/gm)
    ) {
      assert.doesNotMatch(code, /^ +(?:[a-z]+ )*[_#]|Symbol\.for\(|more\?: unknown/m, path);
      count++;
    }
    assert.doesNotMatch(text, /@internal|^- `[_#]|^Inherited from .*(?:`[_#]|Symbol\.for)/m, path);
  }
  assert.ok(count > 100);
});

Deno.test("each option that is true or false has its default on the page", () => {
  const pages = PAGES.filter(({ path }) => path.startsWith(GENERATED));
  const rows = pages.flatMap(({ text }) => text.match(/^\| `\w+`.*$/gm) ?? []);
  assert.ok(rows.length > 300);
  assert.deepEqual(rows.filter((row) => /\| `boolean` \| none \|/.test(row)), []);
  assert.deepEqual(rows.filter((row) => row.endsWith("|  |")), []);
});

Deno.test("what is internal has the tag that keeps it out of the reference", () => {
  const wrong = [...sourcesIn("lib/", "backends/", "otel/", "testing/", "cli/")].filter((path) =>
    /^ *(?:\/\*)?\*+ Internal:/m.test(Deno.readTextFileSync(new URL(path, ROOT)))
  );
  assert.deepEqual(wrong, []);
});
