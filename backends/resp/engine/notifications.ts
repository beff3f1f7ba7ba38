/**
 * Keyspace notifications: what happens to keys is published, for the classes of events that are selected.
 *
 * @module
 */

import { textOfBytes } from "../../store/byte_string.ts";
import { InvalidInputError } from "../../store/errors.ts";
import type { Kind } from "../../store/keyspace.ts";
import type { Subscriptions } from "../../store/subscriptions.ts";

/** The classes of events that `A` stands for. */
const ALL_CLASSES = "g$lshzxetd";
const CLASSES = `${ALL_CLASSES}mnKE`;
/** The class of events about the values of a kind. */
const CLASS_OF_KIND: Readonly<Record<string, string>> = {
  string: "$",
  list: "l",
  set: "s",
  hash: "h",
  zset: "z",
  stream: "t",
};

/** The selected classes as Redis shows them; undefined if a letter names none. */
export function selectedClasses(text: string): string | undefined {
  const letters = text.replaceAll("A", ALL_CLASSES);
  if ([...letters].some((letter) => !CLASSES.includes(letter))) return undefined;
  const selected = [...CLASSES].filter((letter) => letters.includes(letter)).join("");
  const hasAll = [...ALL_CLASSES].every((letter) => selected.includes(letter));
  if (!hasAll) return selected;
  return `A${[...selected].filter((letter) => !ALL_CLASSES.includes(letter)).join("")}`;
}

/** Publishes events. */
export class Notifications {
  readonly #subscriptions: Subscriptions;
  /** Letters of the selected classes. */
  #classes = "";

  constructor(subscriptions: Subscriptions) {
    this.#subscriptions = subscriptions;
  }

  /** Selects classes, as `selectedClasses` shows them. */
  select(classes: string): void {
    this.#classes = classes.replace("A", ALL_CLASSES);
  }

  /** Publishes an event of a key, if its class is selected. */
  publish(db: number, key: string, event: string, kind: Kind | undefined): void {
    const classes = this.#classes;
    if (classes === "" || !classes.includes(classOf(event, kind))) return;
    const name = textOfBytes(key);
    if (classes.includes("K")) this.#send(`__keyspace@${db}__:${name}`, event);
    if (classes.includes("E")) this.#send(`__keyevent@${db}__:${event}`, name);
  }

  #send(channel: string, value: string): void {
    try {
      this.#subscriptions.publish(channel, value);
    } catch (error) {
      // A key may have characters that the name of a channel may not.
      if (!(error instanceof InvalidInputError)) throw error;
    }
  }
}

function classOf(event: string, kind: Kind | undefined): string {
  if (event === "expired") return "x";
  return kind === undefined ? "g" : CLASS_OF_KIND[kind];
}
