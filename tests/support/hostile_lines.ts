/**
 * Lines that no well-meaning client sends: made at random, from a seed.
 *
 * @module
 */

import { COMMANDS as SERVER_COMMANDS } from "../../backends/tcp/server/commands.ts";
import { STATE_COMMANDS } from "../../backends/state/manager/commands.ts";
import type { Random } from "./random.ts";

const COMMANDS = [...SERVER_COMMANDS, ...STATE_COMMANDS];

const encoder = new TextEncoder();

const TEXTS = [
  "t",
  "a b",
  '"',
  '""',
  "é",
  "😀",
  "\ud800",
  "%00%0a",
  "..",
  "\u0000",
  "\u0085",
  "\u2028",
  "*",
  "[",
  "[a-",
  "\\",
  "__proto__",
  "constructor",
  "JSON:",
  "null",
  "-1",
  "1e308",
  "99999999999999999999999",
  "18446744073709551615",
];

const JSON_TEXTS = [
  "{}",
  "[]",
  "null",
  '{"id":1}',
  '{"id":1,"id":2}',
  '{"id":1.5}',
  '{"id":"1"}',
  '{"id":1,"ttl":1e-9}',
  '{"id":1,"ttl":-1}',
  '{"id":1,"timestamp":"x"}',
  '{"id":1,"timestamp":1e308}',
  '{"\\u0069d":18446744073709551615}',
  '{"__proto__":{"id":3}}',
  "[1,1,1]",
  "[1,",
  "[18446744073709551616]",
  "\ufeff{}",
];

/** One input, without the end of its line: several lines if it has line feeds in it. */
export function hostileInput(random: Random): Uint8Array {
  const bytes = random.pick(MAKERS)(random);
  return random.chance(0.3) ? mutated(random, bytes) : bytes;
}

const MAKERS: readonly ((random: Random) => Uint8Array)[] = [
  (random) => random.bytes(random.length(300)),
  (random) => encoder.encode(command(random)),
  (random) => encoder.encode(command(random)),
  (random) => encoder.encode(command(random)),
  (random) => encoder.encode(random.pick(TEXTS).repeat(random.length(3000))),
  (random) => encoder.encode(`${random.pick(COMMANDS).name} ${argument(random)}`),
  (random) => encoder.encode(`STORE_MESSAGE n ${argument(random)} ${message(random)}`),
];

/** A command with arguments of its own, or others. */
function command(random: Random): string {
  const { name, parameters } = random.pick(COMMANDS);
  const count = random.chance(0.8) ? parameters.length : random.below(6);
  return [name, ...Array.from({ length: count }, () => argument(random))].join(" ");
}

function argument(random: Random): string {
  const text = random.pick(TEXTS);
  switch (random.below(6)) {
    case 0:
      return text;
    case 1:
      return `"${text}"`;
    case 2:
      return base64(random.pick(JSON_TEXTS));
    case 3:
      return base64(deep(random));
    case 4:
      return base64(text);
    default:
      return `JSON:${text.repeat(random.length(100))}`;
  }
}

function message(random: Random): string {
  return base64(`{"id":${random.below(100)},"payload":"${"x".repeat(random.length(1000))}"}`);
}

function base64(text: string): string {
  return `JSON:${encoder.encode(text).toBase64()}`;
}

function deep(random: Random): string {
  const depth = random.length(5000);
  const open = random.pick(["[", '{"a":', '{"id":1,"a":[']);
  const close = random.pick(["]", "}", ""]);
  return `{"id":1,"x":${open.repeat(depth)}1${close.repeat(depth)}}`;
}

/** Replaces some bytes here and there by others, or by none. */
function mutated(random: Random, bytes: Uint8Array): Uint8Array {
  let changed = bytes;
  for (let i = random.length(10); i > 0; i--) {
    const at = random.below(changed.length + 1);
    const rest = changed.subarray(at + random.length(8) - 1);
    const added = random.bytes(random.below(4));
    const next = new Uint8Array(at + added.length + rest.length);
    next.set(changed.subarray(0, at));
    next.set(added, at);
    next.set(rest, at + added.length);
    changed = next;
  }
  return changed;
}
