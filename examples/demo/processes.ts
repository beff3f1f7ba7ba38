/**
 * The processes of the demo: starting them, reading their reports, and ending all of them.
 *
 * @module
 */

import type { Order, Report, Result, Task } from "./protocol.ts";

const CHILD = new URL("child.ts", import.meta.url).href;

/** One process. */
export class Member {
  readonly task: Task;
  readonly #process: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<Result>();
  /** Messages so far, by its last report. */
  progress = 0;
  /** Resolves when the process has ended and all its output was read. */
  readonly ended: Promise<void>;

  /** Starts it with the only permission that shared memory needs. */
  constructor(task: Task) {
    this.task = task;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--allow-ffi", CHILD, JSON.stringify(task)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#orders = this.#process.stdin.getWriter();
    this.#ready.promise.catch(() => {});
    this.#done.promise.catch(() => {});
    this.ended = this.#follow();
  }

  /** Resolves when its socket is open. Rejects if it ends before. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves with its report. Rejects if it ends without one. */
  get done(): Promise<Result> {
    return this.#done.promise;
  }

  /** Gives an order. */
  async order(order: Order): Promise<void> {
    await this.#orders.write(new TextEncoder().encode(`${order}\n`));
  }

  /** Kills it, if it runs. */
  kill(): void {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  async #follow(): Promise<void> {
    let line = "";
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (line + text).split("\n");
      line = lines.pop()!;
      for (const complete of lines) this.#handleReport(JSON.parse(complete));
    }
    const { code, signal } = await this.#process.status;
    await this.#orders.close().catch(() => {});
    const error = new Error(`${this.task.name} ended early (${signal ?? `exit code ${code}`})`);
    this.#ready.reject(error);
    this.#done.reject(error);
  }

  #handleReport(report: Report): void {
    if (report.event === "ready") this.#ready.resolve();
    else if (report.event === "progress") this.progress = report.done;
    else this.#done.resolve(report.result);
  }
}

/** All processes that were started. */
export class ProcessPool implements AsyncDisposable {
  readonly #members: Member[] = [];
  #hasEnded = false;

  /** Starts a process. Throws after the end of the others. */
  start(task: Task): Member {
    if (this.#hasEnded) throw new Error(`cannot start ${task.name}: the demo is ending`);
    const member = new Member(task);
    this.#members.push(member);
    return member;
  }

  /** Kills the processes that still run, and resolves when all have ended. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    for (const member of this.#members) member.kill();
    await Promise.allSettled(this.#members.map((member) => member.ended));
  }

  /** Ends all processes at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}
