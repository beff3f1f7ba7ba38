/**
 * The state of one client.
 *
 * @module
 */

import type { TransitQuota } from "../../store/transit_quota.ts";
import type { Keyspace } from "../../store/keyspace.ts";
import type { RespVersion } from "../protocol/encoder.ts";
import type { Reply } from "../protocol/reply.ts";
import type { BlockedCall } from "./blocked_calls.ts";
import { ClientMemory } from "./client_memory.ts";
import type { ChannelSubscriber } from "./subscriber.ts";

/** Where the replies of a client go. */
export interface ClientOutput {
  /** Address of the client, such as `127.0.0.1:50000`. */
  readonly address: string;
  /** Address of the server that it is connected to. */
  readonly localAddress: string;
  /** Bytes that were not sent yet. */
  readonly pendingBytes: number;
  /** Bytes that were received and not executed yet. */
  readonly unreadBytes: number;
  /** Appends a reply, or what the client gets without a request. */
  send(reply: Reply, version: RespVersion): void;
  /** Appends the first half of a reply, and closes the connection. */
  sendHalf(reply: Reply, version: RespVersion): void;
  /** The client is authenticated: longer requests are accepted. */
  allowLongRequests(): void;
  /** Executes the requests that arrived while the client was blocked. */
  resume(): void;
  /** Sends the messages of subscriptions, which have arrived. */
  push(): void;
  /** Closes the connection after what was appended is sent. */
  end(): void;
  /** Closes the connection at once. */
  close(): void;
}

/** Commands between `MULTI` and `EXEC`. */
export interface Transaction {
  /** The words of each command. */
  readonly queued: string[][];
  /** True after an error: `EXEC` executes nothing. */
  hasFailed: boolean;
}

/** What a client does with replies. */
export type ReplyMode = "on" | "off" | "skip next" | "skip this";

/** A client with what it has chosen. */
export class ClientState {
  name = "";
  libraryName = "";
  libraryVersion = "";
  version: RespVersion = 2;
  user = "default";
  isAuthenticated = false;
  replyMode: ReplyMode = "on";
  transaction: Transaction | undefined = undefined;
  /** True if a key that it watches has changed. */
  isWatchBroken = false;
  /** The command that waits, if one does. */
  blocked: BlockedCall | undefined = undefined;
  /** Its subscriptions, if it has had one. */
  subscriber: ChannelSubscriber | undefined = undefined;
  shardSubscriber: ChannelSubscriber | undefined = undefined;
  isMonitor = false;
  isNoEvict = false;
  isNoTouch = false;
  /** True while it executes a script or a transaction: nothing waits there. */
  isAtomic = false;
  /** True while it executes a script, where results depend on nothing but the data. */
  isScript = false;
  /** While a script calls a command: its name as the script has it. */
  scriptedCommand: string | undefined = undefined;
  /** True after `QUIT`, or after a fault that ends it. */
  isEnded = false;
  /** The last command, in small letters. */
  lastCommand = "NULL";
  usedAtMs: number;
  /** Commands that it has sent. */
  commandCount = 0;
  /** What it keeps for a transaction: its commands, and the keys that it watches. */
  readonly transactionMemory: ClientMemory;
  /** What it keeps while it waits. */
  readonly waitingMemory: ClientMemory;

  constructor(
    readonly id: number,
    readonly output: ClientOutput,
    transit: TransitQuota,
    /** The database that it has selected. */
    public db: Keyspace,
    /** Milliseconds of the store's clock. */
    readonly createdAtMs: number,
  ) {
    this.usedAtMs = createdAtMs;
    this.transactionMemory = new ClientMemory(transit);
    this.waitingMemory = new ClientMemory(transit);
  }

  /** Appends a reply, unless the client wants none. */
  send(reply: Reply): void {
    if (this.replyMode === "on") this.output.send(reply, this.version);
    else if (this.replyMode === "skip this") this.replyMode = "on";
    else if (this.replyMode === "skip next") this.replyMode = "skip this";
  }

  /** Number of channels and patterns that it subscribes to, those of shards included. */
  get subscriptionCount(): number {
    return (this.subscriber?.count ?? 0) + (this.shardSubscriber?.count ?? 0);
  }
}
