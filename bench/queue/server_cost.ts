/**
 * What queues cost a Redis server: the memory of a message that waits, and the commands of a message when many
 * consumers are idle.
 */
import type { RedisServer } from "../../testing/mod.ts";

/** A peer to measure: the arguments of its process. */
export interface MeasuredPeer {
  readonly name: string;
  readonly args: readonly string[];
}

/** What a message costs. */
export interface ServerCost {
  readonly name: string;
  readonly bytes: number;
  /** Commands with idle consumers, those of scripts included. */
  readonly commands: number;
}

/** A peer that is measured between two states. */
class MeasuredProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;

  constructor(args: readonly string[]) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#stdin = this.#process.stdin.getWriter();
  }

  /** Waits until the peer has reached the next state. */
  async reached(): Promise<void> {
    const { done } = await this.#lines.read();
    if (done) throw new Error("a peer of the benchmark has ended");
  }

  /** Lets the peer go on. */
  async goOn(): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode("\n"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.close().catch(() => {});
    await this.#lines.cancel();
    await this.#process.status;
  }
}

async function infoOf(server: RedisServer, section: string, field: string): Promise<number> {
  const text = String(await server.command("INFO", section));
  return Number(new RegExp(`^${field}:(\\d+)`, "m").exec(text)![1]);
}

/** How much a number of the server grows for each message. */
async function growth(
  args: readonly string[],
  mode: "fill" | "idle",
  count: number,
  measure: () => Promise<number>,
): Promise<number> {
  await using peer = new MeasuredProcess([...args, String(count), "1", mode]);
  await peer.reached();
  const before = await measure();
  await peer.goOn();
  await peer.reached();
  const after = await measure();
  await peer.goOn();
  return (after - before) / count;
}

/** Measures peers on a server, one after the other. */
export async function serverCosts(
  server: RedisServer,
  peers: readonly MeasuredPeer[],
  { waiting, delivered }: { readonly waiting: number; readonly delivered: number },
): Promise<ServerCost[]> {
  const costs: ServerCost[] = [];
  for (const { name, args } of peers) {
    await server.command("FLUSHALL");
    const memory = () => infoOf(server, "memory", "used_memory");
    const bytes = await growth(args, "fill", waiting, memory);
    await server.command("FLUSHALL");
    const processed = () => infoOf(server, "stats", "total_commands_processed");
    const commands = await growth(args, "idle", delivered, processed);
    costs.push({ name, bytes, commands });
  }
  return costs;
}
