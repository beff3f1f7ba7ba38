/** A process of this program that plays roles, as its parent sees it. */
import { linesOf } from "../../lib/base/lines.ts";
import type { PeerTask } from "./peers/task.ts";
import { type Facts, PeerEvents } from "./peer_events.ts";

const TERMINATE_AFTER_MS = 5000;
const KILL_AFTER_MS = 8000;
const encoder = new TextEncoder();

/** Starts this program as a peer, with pipes to its standard streams. */
export type StartPeer = () => Deno.ChildProcess;

export class PeerProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended: Promise<void>;
  #events = new PeerEvents();

  constructor(start: StartPeer) {
    this.#process = start();
    this.#input = this.#process.stdin.getWriter();
    this.#ended = this.#follow();
    this.#ended.catch(() => {});
  }

  /** Starts a task. Events of earlier tasks are dropped. */
  async startTask(task: PeerTask): Promise<void> {
    this.#events = new PeerEvents();
    await this.#write(JSON.stringify(task));
  }

  /** Resumes a sender that waits. */
  async resume(): Promise<void> {
    await this.#write("go");
  }

  /** Resolves when the process has sent an event. Rejects when it has ended. */
  async waitFor(event: string): Promise<Facts> {
    const events = this.#events;
    const ended = this.#ended.then(() => {
      throw new Error("the process ended too early");
    });
    await Promise.race([events.waitFor(event), ended]);
    return events.facts;
  }

  /** Closes its input, at which it exits. Otherwise it gets SIGTERM, and then SIGKILL. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    const timers = [
      setTimeout(() => this.#kill("SIGTERM"), TERMINATE_AFTER_MS),
      setTimeout(() => this.#kill("SIGKILL"), KILL_AFTER_MS),
    ];
    await this.#ended.catch(() => {});
    for (const timer of timers) clearTimeout(timer);
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch {
      // It has ended already.
    }
  }

  async #write(line: string): Promise<void> {
    try {
      await this.#input.write(encoder.encode(`${line}\n`));
    } catch {
      // It has ended: its events will not arrive.
    }
  }

  async #follow(): Promise<void> {
    const [, stderr, status] = await Promise.all([
      this.#listen(),
      new Response(this.#process.stderr).text(),
      this.#process.status,
    ]);
    if (status.success) return;
    const how = status.signal ?? `code ${status.code}`;
    throw new Error(`it ended with ${how}: ${stderr.trim().slice(-500)}`);
  }

  async #listen(): Promise<void> {
    const lines = linesOf(this.#process.stdout, { completeOnly: true });
    for await (const line of lines) this.#events.parseLine(line);
  }
}
