/**
 * The session of one connection to served state: the handshake, and the writes of its client. Without
 * I/O.
 *
 * @module
 */

import { InvalidInputError } from "../../store/errors.ts";
import type { Store } from "../../store/store.ts";
import type { ServiceSession } from "../../tcp/server/service.ts";
import type { StateLimits } from "../config.ts";
import { SharedBackendLimitError } from "../errors.ts";
import { bytesOfWrite, type StateTable, type StateWrite } from "../table.ts";
import { isProof, makeNonce, NONCE_BYTES, proofOf } from "./handshake.ts";
import type { WriteDedup } from "./write_dedup.ts";

/** A write, and the store of the server that serves it. */
export interface ServedWrite {
  readonly write: StateWrite;
  readonly store: Store;
  readonly toReply: (outcome: WriteOutcome) => string;
}

/** The state that sessions belong to. */
export interface StateOwner {
  /** Identifies this state: a later one at the same address has another. */
  readonly instance: string;
  /** Threads and pairs. */
  readonly table: StateTable;
  /** Limits that all clients must agree with. */
  readonly limits: StateLimits;
  /** Counts in the store of the server what the state takes. */
  count(store: Store): void;
  /** Attaches a client. Returns the replies to its writes, or undefined if the state has ended. */
  attach(session: StateSession, clientId: string): WriteDedup | undefined;
  /** Detaches a client that leaves. True if the state ends with that. */
  detach(session: StateSession, clientId: string): boolean;
  /** Handles the end of the connection of an attached client. */
  disconnect(session: StateSession, dedup: WriteDedup): void;
}

/** One connection to served state. */
export class StateSession implements ServiceSession {
  readonly #host: StateOwner;
  readonly #authkey: Uint8Array;
  #nonce: Uint8Array | undefined;
  #isProved = false;
  #client: { id: string; dedup: WriteDedup } | undefined;

  constructor(host: StateOwner, authkey: Uint8Array) {
    this.#host = host;
    this.#authkey = authkey;
  }

  /** Makes a random number for the proof of the client. Returns it with the id of the state. */
  hello(): { nonce: Uint8Array; instance: string } {
    this.#nonce = makeNonce();
    return { nonce: this.#nonce, instance: this.#host.instance };
  }

  /** Checks the proof of the client. Returns the proof of the server, or undefined if it is wrong. */
  prove(client: Uint8Array, proof: Uint8Array): Uint8Array | undefined {
    const server = this.#nonce;
    this.#nonce = undefined;
    if (server === undefined || client.length !== NONCE_BYTES) {
      throw new InvalidInputError(
        `send STATE_HELLO first, then STATE_PROVE with a number of ${NONCE_BYTES} bytes`,
      );
    }
    const nonces = { client, server };
    if (!isProof(proof, this.#authkey, "client", nonces)) return undefined;
    this.#isProved = true;
    return proofOf(this.#authkey, "server", nonces);
  }

  /** Throws unless the client has proved that it knows the key. */
  authorize(): void {
    if (!this.#isProved) {
      throw new InvalidInputError("prove the authkey with STATE_HELLO and STATE_PROVE first");
    }
  }

  /** Attaches the client. False if the state ends. Throws if the limits differ from its own. */
  attach(clientId: string, limits: StateLimits): boolean {
    if (this.#client !== undefined) {
      throw new InvalidInputError("this connection is already attached");
    }
    const { limits: own } = this.#host;
    for (const key of ["maxSlotsPerThread", "maxThreads", "ttlMs"] as const) {
      if (own[key] === limits[key]) continue;
      throw new InvalidInputError(
        `this state has ${key} ${shown(own[key])}, not ${shown(limits[key])}: all clients must ` +
          `have the limits of the first one`,
      );
    }
    const dedup = this.#host.attach(this, clientId);
    this.#client = dedup && { id: clientId, dedup };
    return dedup !== undefined;
  }

  get #attached(): { id: string; dedup: WriteDedup } {
    if (this.#client !== undefined) return this.#client;
    throw new InvalidInputError("send STATE_ATTACH first");
  }

  /** The table, for reads. */
  get table(): StateTable {
    return this.#attached && this.#host.table;
  }

  /**
   * Carries out the write with a number once. Returns the reply that `toReply` makes.
   *
   * @throws {StoreFullError} if the server has no room for it
   */
  write(number: number, { write, store, toReply }: ServedWrite): string {
    return this.#attached.dedup.once(number, () => toReply(this.#attempt(write, store)));
  }

  #attempt(write: StateWrite, store: Store): WriteOutcome {
    const { table } = this.#host;
    const bytes = bytesOfWrite(write);
    if (bytes > 0) this.#makeRoom(bytes, store);
    try {
      return table.write(write);
    } catch (error) {
      if (error instanceof SharedBackendLimitError) return error;
      throw error;
    } finally {
      this.#host.count(store);
    }
  }

  /** The state counts for `maxBytes` of the server. What has expired holds no room. */
  #makeRoom(bytes: number, store: Store): void {
    this.#host.table.sweep();
    this.#host.count(store);
    store.reserveKept(bytes);
  }

  /** Detaches the client. True if the state ends with that. */
  detach(): boolean {
    return this.#host.detach(this, this.#attached.id);
  }

  /** Handles the end of the connection. */
  close(): void {
    if (this.#client !== undefined) this.#host.disconnect(this, this.#client.dedup);
    this.#client = undefined;
  }
}

/** Result of a write, or the error for a limit that was reached. */
export type WriteOutcome = number | boolean | void | SharedBackendLimitError;

function shown(limit: number | undefined): string {
  return limit === undefined ? "unlimited" : String(limit);
}
