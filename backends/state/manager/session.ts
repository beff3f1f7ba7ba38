/**
 * One client's session of served state: it proves that it knows the key, attaches and writes. Without I/O.
 *
 * @module
 */

import { InvalidInputError } from "../../store/errors.ts";
import type { ServiceSession } from "../../tcp/server/service.ts";
import type { StateLimits } from "../config.ts";
import { SharedBackendLimitError } from "../errors.ts";
import type { StateTable, StateWrite } from "../table.ts";
import { isProof, makeNonce, NONCE_BYTES, proofOf } from "./handshake.ts";
import type { WriteDedup } from "./write_dedup.ts";

/** The state that sessions belong to. */
export interface StateOwner {
  /** Identifies this state: a later one at the same address has another. */
  readonly instance: string;
  /** Threads and pairs. */
  readonly table: StateTable;
  /** Limits that all clients must agree with. */
  readonly limits: StateLimits;
  /** Attaches a client; returns its writes, or undefined if the state has ended. */
  attach(session: StateSession, clientId: string): WriteDedup | undefined;
  /** Detaches a client for good; true if the state ends with that. */
  detach(session: StateSession, clientId: string): boolean;
  /** The connection of an attached client is closed. */
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

  /** Makes a number for the client to prove its key over; and which state this is. */
  hello(): { nonce: Uint8Array; instance: string } {
    this.#nonce = makeNonce();
    return { nonce: this.#nonce, instance: this.#host.instance };
  }

  /** Checks the client's proof; ours, or undefined when its key is another. */
  prove(client: Uint8Array, proof: Uint8Array): Uint8Array | undefined {
    const server = this.#nonce;
    this.#nonce = undefined;
    if (server === undefined || client.length !== NONCE_BYTES) {
      throw new InvalidInputError(`send STATE_HELLO first, and a number of ${NONCE_BYTES} bytes`);
    }
    const nonces = { client, server };
    if (!isProof(proof, this.#authkey, "client", nonces)) return undefined;
    this.#isProved = true;
    return proofOf(this.#authkey, "server", nonces);
  }

  /** Throws unless the client has shown that it knows the key. */
  authorize(): void {
    if (!this.#isProved) {
      throw new InvalidInputError("show the authkey with STATE_HELLO and STATE_PROVE first");
    }
  }

  /** Begins with the use of the state; false when it ends. Throws for limits other than its own. */
  attach(clientId: string, limits: StateLimits): boolean {
    if (this.#client !== undefined) throw new InvalidInputError("this connection is attached");
    const { limits: own } = this.#host;
    for (const key of ["maxSlotsPerThread", "maxThreads", "ttlMs"] as const) {
      if (own[key] === limits[key]) continue;
      throw new InvalidInputError(
        `this state has ${key} ${shown(own[key])}, not ${shown(limits[key])}: all clients must ` +
          `agree with the one that came first`,
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

  /** The state, to read. */
  get table(): StateTable {
    return this.#attached && this.#host.table;
  }

  /** Carries out the client's write with a number, once; the answer of `tell`. */
  write(number: number, write: StateWrite, toReply: (outcome: WriteOutcome) => string): string {
    return this.#attached.dedup.once(number, () => toReply(this.#attempt(write)));
  }

  #attempt(write: StateWrite): WriteOutcome {
    try {
      return this.#host.table.write(write);
    } catch (error) {
      if (error instanceof SharedBackendLimitError) return error;
      throw error;
    }
  }

  /** The client leaves; true if the state ends with that. */
  detach(): boolean {
    return this.#host.detach(this, this.#attached.id);
  }

  /** The connection is gone. */
  close(): void {
    if (this.#client !== undefined) this.#host.disconnect(this, this.#client.dedup);
    this.#client = undefined;
  }
}

/** An index, whether there was something to delete, nothing, or the limit that was reached. */
export type WriteOutcome = number | boolean | void | SharedBackendLimitError;

function shown(limit: number | undefined): string {
  return limit === undefined ? "without end" : String(limit);
}
