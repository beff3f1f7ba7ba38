/**
 * Clients that see the commands of all others.
 *
 * @module
 */

import { Status } from "../protocol/reply.ts";
import type { ClientState } from "./client_state.ts";
import type { CommandInfo } from "./command_info.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\x07": "\\a",
  "\b": "\\b",
};
const UNPRINTABLE = /[^ !#-[\]-~]/g;
const MICROSECONDS = 1e6;
/** Their words are secrets. */
const SECRET = new Set(["auth", "hello"]);

/** A byte string in quotes, with escapes. */
export function quoted(text: string): string {
  const escaped = text.replace(
    UNPRINTABLE,
    (character) =>
      ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `"${escaped}"`;
}

/** The monitors of a server. */
export class Monitors {
  readonly #clients = new Set<ClientState>();

  /** Number of monitors. */
  get size(): number {
    return this.#clients.size;
  }

  add(client: ClientState): void {
    client.isMonitor = true;
    this.#clients.add(client);
  }

  delete(client: ClientState): void {
    client.isMonitor = false;
    this.#clients.delete(client);
  }

  /** Shows a command to all of them. */
  show(client: ClientState, { name, flags }: CommandInfo, args: readonly string[]): void {
    if (flags.has("skip_monitor") || flags.has("admin") || SECRET.has(name)) return;
    const microseconds = Math.floor(client.usedAtMs * 1000);
    const time = `${Math.floor(microseconds / MICROSECONDS)}.${
      String(microseconds % MICROSECONDS).padStart(6, "0")
    }`;
    const words = [...name.split("|"), ...args].map(quoted).join(" ");
    const line = new Status(`${time} [${client.db.index} ${client.output.address}] ${words}`);
    for (const monitor of this.#clients) monitor.output.send(line, monitor.version);
  }
}
