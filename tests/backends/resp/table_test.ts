// The table of commands is that of redis-server.

import assert from "node:assert/strict";
import { categoriesOf } from "../../../backends/resp/commands/categories.ts";
import { COMMANDS } from "../../../backends/resp/commands/mod.ts";
import type { Command } from "../../../backends/resp/engine/command.ts";
import { keyPositions } from "../../../backends/resp/engine/command_info.ts";
import { isSince } from "../../../backends/resp/engine/version.ts";
import { redisServer } from "../../../testing/redis_server.ts";
import { withServers } from "../../stress/redis/servers.ts";
import { RespClient, type WireReply } from "../../support/resp_client.ts";

const ALL = COMMANDS.flatMap((each) => [each, ...each.subcommands ?? []]);
/** What the real server under test has. */
const KNOWN = ALL.filter(({ since }) => isSince(since, "7.0.0"));

/** Commands that take one more word since a later version. */
const OTHERS = new Set(["zrank", "zrevrank"]);

interface Row {
  readonly arity: number;
  readonly flags: string[];
  readonly keys: readonly number[];
  readonly categories: string[];
}

/** The rows of a reply of `COMMAND INFO`, those of subcommands included. */
function rowsOf(info: WireReply[]): Record<string, Row> {
  const [name, arity, flags, first, last, step, categories, , , subcommands] = info;
  const textsOf = (reply: WireReply) =>
    (reply as { status: string }[]).map(({ status }) => status).toSorted();
  const row = {
    arity: arity as number,
    flags: textsOf(flags),
    keys: [first, last, step] as number[],
    categories: textsOf(categories),
  };
  const below = (subcommands as WireReply[][]).map(rowsOf);
  return Object.assign({ [name as string]: row }, ...below);
}

Deno.test("resp: each command has the words, flags, keys and categories of redis-server", async () => {
  await using real = await redisServer();
  await using client = await RespClient.open(real.port);
  const infos = await client.call("COMMAND") as WireReply[][];
  const theirs: Record<string, Row> = Object.assign({}, ...infos.map(rowsOf));
  for (const command of KNOWN) {
    const { name, arity, flags, keys } = command;
    if (OTHERS.has(name)) continue;
    const ours = {
      arity,
      flags: [...flags].toSorted(),
      keys: [keys.first, keys.last, keys.step],
      categories: [...categoriesOf(command)].map((category) => `@${category}`).toSorted(),
    };
    assert.deepEqual([name, ours], [name, theirs[name]]);
  }
});

Deno.test("resp: each command came with the version that redis-server says", async () => {
  await using real = await redisServer();
  await using client = await RespClient.open(real.port);
  const docs = await client.call("COMMAND", "DOCS") as WireReply[];
  const theirs = new Map<string, { since: string; group: string }>();
  const read = (name: string, items: WireReply[]) => {
    const at = (key: string) => items[items.indexOf(key) + 1];
    theirs.set(name, { since: at("since") as string, group: at("group") as string });
    const below = items.includes("subcommands") ? at("subcommands") as WireReply[] : [];
    for (let i = 0; i < below.length; i += 2) read(below[i] as string, below[i + 1] as WireReply[]);
  };
  for (let i = 0; i < docs.length; i += 2) read(docs[i] as string, docs[i + 1] as WireReply[]);
  for (const { name, since, group } of KNOWN) {
    assert.deepEqual([name, { since, group }], [name, theirs.get(name)]);
  }
});

Deno.test("resp: COMMAND lists those of redis-server of the same version", () =>
  withServers(async ({ ours, theirs }) => {
    const filters = [[], ["PATTERN", "*|get*"], ["ACLCAT", "pubsub"], ["ACLCAT", "fast"]];
    for (const filter of filters) {
      const words = ["COMMAND", "LIST", ...filter.length === 0 ? [] : ["FILTERBY", ...filter]];
      const known = new Set(await theirs.call(...words) as string[]);
      const names = await ours.call(...words) as string[];
      assert.deepEqual(names.filter((name) => !known.has(name)), [], words.join(" "));
      assert.ok(names.length > 5);
    }
    assert.ok((await ours.call("COMMAND", "LIST") as string[]).includes("client|id"));
  }));

Deno.test("resp: the keys of calls are found, also where they follow their number", () => {
  const find = (...words: string[]) => {
    const command = ALL.find(({ name }) => name === words[0]) as Command;
    return keyPositions(command, words).map((at) => words[at]);
  };
  assert.deepEqual(find("mset", "a", "1", "b", "2"), ["a", "b"]);
  assert.deepEqual(find("sintercard", "2", "a", "b", "LIMIT", "1"), ["a", "b"]);
  assert.deepEqual(find("sintercard", "9", "a"), ["a"]);
  assert.deepEqual(find("sort", "a", "STORE", "b"), ["a", "b"]);
  assert.deepEqual(find("ping"), []);
});

Deno.test("resp: names are unique, summaries are sentences", () => {
  const names = ALL.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { summary } of ALL) assert.match(summary, /^[A-Z].*\.$/);
});
