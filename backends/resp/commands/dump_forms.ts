/**
 * The forms of values in `DUMP`. Each kind is written in one form that all versions of Redis read; the
 * packed forms of Redis are read as well.
 *
 * @module
 */

import { HashValue } from "../../store/hash_value.ts";
import type { Kind, Kinds } from "../../store/keyspace.ts";
import { ListValue } from "../../store/list_value.ts";
import { SetValue } from "../../store/set_value.ts";
import { SortedSetValue } from "../../store/sorted_set_value.ts";
import { byteStringOf } from "../../store/value.ts";
import { err } from "../engine/errors.ts";
import { readStream, writeStream } from "./dump_stream.ts";
import { littleEndian, readListpack } from "./listpack.ts";
import { parseFloat64 } from "./numbers.ts";
import type { RdbReader, RdbWriter } from "./rdb.ts";

const BAD_FORMAT = err("Bad data format");
const INTSET_HEADER_BYTES = 8;
/** A node of a list that is one long element. */
const PLAIN_NODE = 1;

/** A value that was read. */
export interface DumpedValue {
  readonly kind: Kind;
  readonly value: Kinds[Kind];
}

/** How a kind of value is written: the number of the form, and the function. */
interface Form<K extends Kind> {
  readonly type: number;
  write(writer: RdbWriter, value: Kinds[K]): void;
}

const FORMS: { readonly [K in Kind]: Form<K> } = {
  string: { type: 0, write: (writer, value) => writer.text(byteStringOf(value)) },
  list: {
    type: 1,
    write(writer, list) {
      writer.length(list.size);
      for (const element of list.values()) writer.text(element);
    },
  },
  set: {
    type: 2,
    write(writer, { members }) {
      writer.length(members.size);
      for (const { value } of members.values()) writer.text(byteStringOf(value));
    },
  },
  hash: {
    type: 4,
    write(writer, { fields }) {
      writer.length(fields.size);
      for (const { key, value } of fields.values()) {
        writer.text(key);
        writer.text(byteStringOf(value));
      }
    },
  },
  zset: {
    type: 5,
    write(writer, set) {
      writer.length(set.size);
      for (const { key, score } of set.members.values()) {
        writer.text(key);
        writer.double(score);
      }
    },
  },
  stream: { type: 19, write: writeStream },
};

/** Writes the number of a form, and a value in it. */
export function writeValue(writer: RdbWriter, { kind, value }: DumpedValue): void {
  const form = FORMS[kind] as Form<Kind>;
  writer.byte(form.type);
  form.write(writer, value);
}

/** Readers by the number of the form. */
const READERS: Readonly<Record<number, (reader: RdbReader) => DumpedValue>> = {
  0: (reader) => ({ kind: "string", value: reader.text() }),
  1: (reader) => listOf(texts(reader, 1)),
  2: (reader) => setOf(texts(reader, 1)),
  4: (reader) => hashOf(texts(reader, 2)),
  5: (reader) => ({ kind: "zset", value: readSortedSet(reader) }),
  11: (reader) => setOf(integers(reader.text())),
  15: (reader) => ({ kind: "stream", value: readStream(reader, 1) }),
  16: (reader) => hashOf(readListpack(reader.text())),
  17: (reader) => sortedSetOf(readListpack(reader.text())),
  18: (reader) => listOf(quicklist(reader)),
  19: (reader) => ({ kind: "stream", value: readStream(reader, 2) }),
  20: (reader) => setOf(readListpack(reader.text())),
  21: (reader) => ({ kind: "stream", value: readStream(reader, 3) }),
};

/** Reads the number of a form, and a value in it. */
export function readValue(reader: RdbReader): DumpedValue {
  const read = READERS[reader.byte()];
  if (read === undefined) throw BAD_FORMAT;
  return read(reader);
}

/** Texts after their number, or that of their pairs. */
function texts(reader: RdbReader, size: number): string[] {
  const all: string[] = [];
  for (let left = reader.length() * size; left > 0; left--) all.push(reader.text());
  return all;
}

function notEmpty(elements: readonly string[]): readonly string[] {
  if (elements.length === 0) throw BAD_FORMAT;
  return elements;
}

function listOf(elements: readonly string[]): DumpedValue {
  return { kind: "list", value: new ListValue(notEmpty(elements)) };
}

function setOf(members: readonly string[]): DumpedValue {
  const set = new SetValue();
  for (const member of notEmpty(members)) set.add(member);
  return { kind: "set", value: set };
}

function hashOf(words: readonly string[]): DumpedValue {
  const hash = new HashValue();
  for (const [name, value] of pairs(words)) hash.set(name, value);
  return { kind: "hash", value: hash };
}

function sortedSetOf(words: readonly string[]): DumpedValue {
  const set = new SortedSetValue();
  for (const [member, score] of pairs(words)) set.set(member, toNumber(score));
  return { kind: "zset", value: set };
}

function pairs(words: readonly string[]): [string, string][] {
  if (words.length % 2 === 1) throw BAD_FORMAT;
  const all = notEmpty(words);
  return Array.from({ length: all.length / 2 }, (_, i) => [all[2 * i], all[2 * i + 1]]);
}

function toNumber(text: string): number {
  const score = parseFloat64(text);
  if (score === undefined) throw BAD_FORMAT;
  return score;
}

function readSortedSet(reader: RdbReader): SortedSetValue {
  const set = new SortedSetValue();
  for (let left = reader.length(); left > 0; left--) {
    const [member, score] = [reader.text(), reader.double()];
    if (Number.isNaN(score)) throw BAD_FORMAT;
    set.set(member, score);
  }
  if (set.isEmpty) throw BAD_FORMAT;
  return set;
}

/** Nodes that are listpacks, or one long element. */
function quicklist(reader: RdbReader): string[] {
  const elements: string[] = [];
  for (let left = reader.length(); left > 0; left--) {
    const isPlain = reader.length() === PLAIN_NODE;
    const text = reader.text();
    for (const element of isPlain ? [text] : readListpack(text)) elements.push(element);
  }
  return elements;
}

/** The members of a set of whole numbers: their size, their number, and the numbers. */
function integers(bytes: string): string[] {
  const size = Number(littleEndian(bytes, 0, 4));
  const count = Number(littleEndian(bytes, 4, 4));
  if (![2, 4, 8].includes(size) || bytes.length !== INTSET_HEADER_BYTES + size * count) {
    throw BAD_FORMAT;
  }
  return Array.from({ length: count }, (_, i) => {
    const value = littleEndian(bytes, INTSET_HEADER_BYTES + i * size, size);
    return String(BigInt.asIntN(8 * size, value));
  });
}
