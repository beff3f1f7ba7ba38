/** A child process that reports in lines of JSON: `{"event": NAME}`, or facts about its run. */
import { linesOf } from "../../lib/base/lines.ts";
import { PeerEvents } from "../../cli/benchmark/peer_events.ts";
import type { Launch } from "./types.ts";

export type Facts = Record<string, number>;

export class Child implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #events = new PeerEvents();
  readonly #name: string;
  /** The facts of the child, once it ended well. */
  readonly finished: Promise<Facts>;

  constructor(launch: Launch, args: readonly string[]) {
    this.#name = args[0] ?? launch.command;
    this.#process = new Deno.Command(launch.command, {
      args: [...launch.args, ...args],
      ...launch.env && { env: launch.env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.finished = this.#follow();
    // A failure reaches the callers that wait for an event or for the end. No other code needs it.
    this.finished.catch((error) => this.#events.fail(error));
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves when the child has said this event; rejects when it ends without. */
  event(name: string): Promise<void> {
    return this.whileAlive(this.#events.waitFor(name));
  }

  /** What was promised, unless the child ends before. */
  whileAlive<T>(promise: Promise<T>): Promise<T> {
    const ended = this.finished.then(() => {
      throw new Error(`${this.#name} ended too early`);
    });
    return Promise.race([promise, ended]);
  }

  async resume(): Promise<void> {
    await this.#input.write(new TextEncoder().encode("go\n"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.finished.catch(() => {});
    await this.#input.close().catch(() => {});
  }

  async #follow(): Promise<Facts> {
    const [facts, stderr, status] = await Promise.all([
      this.#readFacts(),
      new Response(this.#process.stderr).text(),
      this.#process.status,
    ]);
    if (!status.success) {
      const how = status.signal ?? `code ${status.code}`;
      throw new Error(`${this.#name} ended with ${how}: ${stderr.trim().slice(-500)}`);
    }
    return facts;
  }

  async #readFacts(): Promise<Facts> {
    const lines = linesOf(this.#process.stdout, { completeOnly: true });
    for await (const line of lines) this.#events.parseLine(line);
    return this.#events.facts as Facts;
  }
}
