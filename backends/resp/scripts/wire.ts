/**
 * Values between the server and the interpreter: a letter, a number and a space for each, followed by the
 * content of texts or by the elements.
 *
 * @module
 */

import {
  BigNumberReply,
  DoubleReply,
  ErrorReply,
  ManyReplies,
  MapReply,
  NullArray,
  PushReply,
  type Reply,
  SetReply,
  Status,
  VerbatimReply,
} from "../protocol/reply.ts";
import type { RespVersion } from "../protocol/encoder.ts";
import { readLatin1 } from "../../store/latin1.ts";

const text = (kind: string, content: string) => `${kind}${content.length} ${content}`;

/** A list of texts and of encoded values. */
export function encodeList(items: readonly string[]): string {
  return `*${items.length} ${items.join("")}`;
}

/** A text. */
export function encodeText(content: string): string {
  return text("$", content);
}

/** A reply of a command as a script gets it, which has chosen a version of the protocol. */
export function encodeReply(reply: Reply, version: RespVersion): string {
  if (typeof reply === "string") return text("$", reply);
  if (typeof reply === "number" || typeof reply === "bigint") return `:${reply} `;
  if (reply === null || reply instanceof NullArray) return version === 3 ? "_ " : "f ";
  if (Array.isArray(reply)) return encodeItems("*", reply, version);
  return encodeOther(reply as Exclude<Reply, readonly Reply[]>, version);
}

function encodeItems(kind: string, items: readonly Reply[], version: RespVersion): string {
  return `${kind}${items.length} ${items.map((item) => encodeReply(item, version)).join("")}`;
}

function encodeOther(reply: Exclude<Reply, readonly Reply[]>, version: RespVersion): string {
  const isNew = version === 3;
  if (reply instanceof Status) return text("+", reply.text);
  if (reply instanceof ErrorReply) return text("-", reply.text);
  if (reply instanceof Uint8Array) return text("$", readLatin1(reply));
  if (typeof reply === "boolean") return isNew ? (reply ? "t " : "f ") : `:${Number(reply)} `;
  if (reply instanceof DoubleReply) return text(isNew ? "," : "$", reply.text);
  if (reply instanceof BigNumberReply) return text(isNew ? "(" : "$", reply.text);
  if (reply instanceof VerbatimReply) return text(isNew ? "=" : "$", reply.text);
  if (reply instanceof SetReply) return encodeItems(isNew ? "~" : "*", reply.items, version);
  if (reply instanceof MapReply) return isNew ? encodeMap(reply) : encodeItems("*", reply.items, 2);
  if (reply instanceof PushReply) return encodeItems("*", reply.items, version);
  if (reply instanceof ManyReplies) return encodeReply(reply.items[0], version);
  return isNew ? "_ " : "f ";
}

function encodeMap({ items }: MapReply): string {
  return `%${items.length / 2} ${items.map((item) => encodeReply(item, 3)).join("")}`;
}

/** Reads what a script has returned. */
export class ResultReader {
  readonly #text: string;
  readonly #version: RespVersion;
  #at = 0;

  /** @param version the one that the script has chosen */
  constructor(text: string, version: RespVersion) {
    this.#text = text;
    this.#version = version;
  }

  /** The next value. */
  read(): Reply {
    const kind = this.#text[this.#at++];
    const number = this.#number();
    switch (kind) {
      case ":":
        return integer(number);
      case "$":
        return this.#content(number);
      case "*":
        return this.#items(Number(number));
      case "t":
        return this.#version === 3 ? true : 1;
      case "f":
        return this.#version === 3 ? false : null;
      case "_":
        return null;
      default:
        return this.#other(kind, number);
    }
  }

  #other(kind: string, number: string): Reply {
    if (kind === "%") return new MapReply(this.#items(Number(number) * 2));
    if (kind === "~") return new SetReply(this.#items(Number(number)));
    const content = this.#content(number);
    if (kind === "+") return new Status(oneLine(content));
    if (kind === "-") return new ErrorReply(content);
    if (kind === "(") return new BigNumberReply(oneLine(content));
    if (kind === "=") return new VerbatimReply(content.slice(4), content.slice(0, 3));
    return new DoubleReply(Number(content), content);
  }

  #number(): string {
    const end = this.#text.indexOf(" ", this.#at);
    const number = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return number;
  }

  #content(length: string): string {
    const start = this.#at;
    this.#at += Number(length);
    return this.#text.slice(start, this.#at);
  }

  #items(count: number): Reply[] {
    const items: Reply[] = [];
    while (items.length < count) items.push(this.read());
    return items;
  }
}

function integer(digits: string): number | bigint {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

const oneLine = (content: string) => content.replace(/[\r\n]/g, " ");
