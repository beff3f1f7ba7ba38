/**
 * Sessions of the line protocol without a socket.
 *
 * @module
 */

import { Store } from "../../mod.ts";
import { Subscription } from "../../backends/store/subscription.ts";
import { LineReader } from "../../backends/tcp/protocol/line_reader.ts";
import { WriteBuffer } from "../../backends/tcp/protocol/write_buffer.ts";
import { CommandTable } from "../../backends/tcp/server/command_table.ts";
import { LineSession, type SessionContext } from "../../backends/tcp/server/session.ts";
import { ConnectionStats } from "../../backends/tcp/server/stats.ts";

/** What sessions share, for a store. */
export function contextOf(store: Store, limits: Partial<SessionContext> = {}): SessionContext {
  const commands = new CommandTable(limits.service);
  const connectionStats = new ConnectionStats(commands.commands);
  return {
    store,
    commands,
    service: undefined,
    connectionStats,
    isToken: undefined,
    maxLineBytes: 2 ** 20,
    maxReplyBytes: 2 ** 20,
    stats: () => ({
      uptimeSeconds: 0,
      redisClients: 0,
      unknownRedisCommands: {},
      ...connectionStats.snapshot(),
      ...store.stats(),
    }),
    ...limits,
  };
}

/** A session to which bytes are given by hand. */
export class BareSession implements Disposable {
  readonly #reader: LineReader;
  readonly #writeBuffer = new WriteBuffer();
  readonly #session: LineSession;

  constructor(context: SessionContext) {
    this.#reader = new LineReader(context.maxLineBytes);
    const subscription = new Subscription({ maxQueueLength: 100 });
    const io = { reader: this.#reader, writeBuffer: this.#writeBuffer, subscription };
    this.#session = new LineSession(context, io);
  }

  /** Passes it bytes; returns the lines that it sends. */
  feed(bytes: Uint8Array): string[] {
    for (let at = 0; at < bytes.length;) {
      const space = this.#reader.space();
      const count = Math.min(space.length, bytes.length - at);
      space.set(bytes.subarray(at, at + count));
      this.#reader.filled(count);
      at += count;
      while (this.#session.process(() => true));
    }
    this.#session.push();
    const taken = this.#writeBuffer.take();
    const lines = new TextDecoder().decode(taken).split("\r\n");
    this.#writeBuffer.release(taken);
    lines.pop();
    return lines;
  }

  [Symbol.dispose](): void {
    this.#session.close();
  }
}

/** What a session of its own replies to chunks of bytes. */
export function talk(chunks: Uint8Array[], limits: Partial<SessionContext> = {}): string[] {
  using session = new BareSession(contextOf(new Store(), limits));
  // Pushes arrive anywhere between the replies. Here they are after all of them.
  const lines = chunks.flatMap((chunk) => session.feed(chunk));
  const isPush = (line: string) => line.startsWith("MESSAGE ");
  return [...lines.filter((line) => !isPush(line)), ...lines.filter(isPush)];
}
