/**
 * Keys that clients watch: a change of one of them makes the next `EXEC` of its clients fail.
 *
 * @module
 */

import { mapKey } from "../../../lib/base/text_map.ts";
import type { Keyspace } from "../../store/keyspace.ts";
import type { ClientState } from "./client_state.ts";

interface Watch {
  readonly keys: Keyspace;
  readonly id: string;
}

/** The watched keys of all databases. */
export class Watches {
  readonly #clientsOf = new Map<Keyspace, Map<string, Set<ClientState>>>();
  readonly #watchesOf = new Map<ClientState, Watch[]>();

  /** Watches a key for a client, until `clear`. */
  add(client: ClientState, name: string): void {
    const [keys, id] = [client.db, mapKey(name)];
    let byName = this.#clientsOf.get(keys);
    if (byName === undefined) this.#clientsOf.set(keys, byName = new Map());
    let clients = byName.get(id);
    if (clients === undefined) byName.set(id, clients = new Set());
    if (clients.has(client)) return;
    clients.add(client);
    const watches = this.#watchesOf.get(client);
    if (watches === undefined) this.#watchesOf.set(client, [{ keys, id }]);
    else watches.push({ keys, id });
  }

  /** Number of keys that a client watches. */
  countOf(client: ClientState): number {
    return this.#watchesOf.get(client)?.length ?? 0;
  }

  /** A key has changed. */
  changed(keys: Keyspace, name: string): void {
    if (this.#watchesOf.size === 0) return;
    for (const client of this.#clientsOf.get(keys)?.get(mapKey(name)) ?? []) {
      client.isWatchBroken = true;
    }
  }

  /** Ends all watches of a client. */
  clear(client: ClientState): void {
    client.isWatchBroken = false;
    for (const { keys, id } of this.#watchesOf.get(client) ?? []) {
      const byName = this.#clientsOf.get(keys)!;
      const clients = byName.get(id)!;
      clients.delete(client);
      if (clients.size === 0) byName.delete(id);
    }
    this.#watchesOf.delete(client);
  }
}
