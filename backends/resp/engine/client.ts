/**
 * A client, as the handlers of commands see it.
 *
 * @module
 */

import type { Keyspace } from "../../store/keyspace.ts";
import { Blocked, type Reply } from "../protocol/reply.ts";
import { type ClientOutput, ClientState } from "./client_state.ts";
import { type Channels, ChannelSubscriber } from "./subscriber.ts";
import type { Service } from "./service.ts";

/** Executes the words of a command at once, as in a transaction or a script; returns its reply. */
export type Execute = (client: Client, words: readonly string[]) => Reply;

/** How a call waits. */
export interface BlockOptions {
  /** Keys of the client's database: a change of one of them leads to the next attempt. */
  readonly keys: readonly string[];
  /** Milliseconds to wait at most; `Infinity`: no limit. */
  readonly timeoutMs: number;
  /** The reply when the time has passed. */
  readonly onTimeout: Reply;
  /** Arguments of the next attempts. Default: the same. */
  readonly args?: readonly string[];
}

/** A client of a service. */
export class Client extends ClientState {
  readonly service: Service;
  readonly #execute: Execute;
  constructor(service: Service, output: ClientOutput, db: Keyspace, execute: Execute) {
    super(service.nextClientId(), output, service.store.transit, db, service.clock.now());
    this.service = service;
    this.#execute = execute;
    this.isAuthenticated = service.isPassword === undefined;
  }

  /** Time of the store's clock, in whole milliseconds of the Unix epoch. */
  get nowMs(): number {
    return Math.floor(this.service.nowMs);
  }

  /** Its subscriptions to channels of all protocols. */
  get ownSubscriber(): ChannelSubscriber {
    return this.subscriber ??= this.#newSubscriber(this.service.channels);
  }

  /** Its subscriptions to channels of shards. */
  get ownShardSubscriber(): ChannelSubscriber {
    return this.shardSubscriber ??= this.#newSubscriber(this.service.shardChannels);
  }

  #newSubscriber(channels: Channels): ChannelSubscriber {
    return new ChannelSubscriber(channels, {
      ...this.service.queueOptions,
      transport: "resp",
      name: this.output.address,
      onReady: () => this.output.push(),
    });
  }

  /** Ends a transaction, and all watches. */
  endTransaction(): void {
    this.transaction = undefined;
    this.service.watches.clear(this);
    this.transactionMemory.release();
  }

  /** Makes it like a new client. */
  reset(): void {
    this.subscriber?.close();
    this.shardSubscriber?.close();
    this.subscriber = this.shardSubscriber = undefined;
    this.service.monitors.delete(this);
    this.endTransaction();
    this.name = "";
    this.version = 2;
    this.user = "default";
    this.db = this.service.store.keys;
    this.replyMode = "on";
    this.isMonitor = this.isNoEvict = this.isNoTouch = false;
    this.isAuthenticated = this.service.isPassword === undefined;
  }

  /** Executes a command at once, and returns its reply, which may be an error. */
  execute(words: readonly string[]): Reply {
    return this.#execute(this, words);
  }

  /**
   * What a handler returns to wait: the same handler is called again when one of the keys has changed. In
   * a transaction and in a script nothing waits: there it is the reply after the time.
   */
  block({ keys, timeoutMs, onTimeout, args }: BlockOptions): Reply {
    return this.isAtomic ? onTimeout : new Blocked(keys, timeoutMs, onTimeout, args);
  }
}
