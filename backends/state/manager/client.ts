/**
 * A client's calls to the server of shared state, in their order; sent again on the next connection when
 * one is lost. That is safe because writes are numbered, and the server does none of them twice.
 *
 * @module
 */

import { Fifo } from "../../../lib/base/deque.ts";
import { MessagingConnectionError } from "../../messaging/errors.ts";
import type { Link } from "../../tcp/client/connection.ts";
import { SharedBackendError } from "../errors.ts";
import { CALL_WINDOW } from "./write_dedup.ts";
import { Dialer, endOfStarted, type ManagerAddress, PassingError } from "./dialer.ts";

/** Milliseconds to reach a server for the first time, and to reach it again. */
const FIRST_PATIENCE_MS = 10_000;
const PATIENCE_MS = 30_000;
/** Milliseconds between two attempts. */
const PAUSE_MS = 50;

interface Call {
  readonly line: string;
  readonly resolve: (answer: string) => void;
  readonly reject: (error: Error) => void;
}

/** The calls of one client. */
export class ManagerLink {
  readonly #address: ManagerAddress;
  readonly #dialer: Dialer;
  readonly #waiting = new Fifo<Call>();
  /** In their order: without an answer yet. */
  readonly #sent = new Set<Call>();
  #writes = 0;
  #link: Link | undefined;
  #opening: Promise<void> | undefined;
  #isClosing = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(address: ManagerAddress) {
    this.#address = address;
    this.#dialer = new Dialer(address);
  }

  /** Connects now. */
  async open(): Promise<void> {
    await this.ask("PING");
  }

  /** Sends a command; its answer. */
  ask(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
      this.#pump();
    });
  }

  /** Sends a command that changes the state. */
  write(command: string, ...args: string[]): Promise<string> {
    return this.ask([command, ++this.#writes, ...args].join(" "));
  }

  #pump(): void {
    if (this.#link === undefined) {
      this.#opening ??= this.#open().finally(() => this.#opening = undefined);
      return;
    }
    while (this.#sent.size < CALL_WINDOW && this.#waiting.length > 0) {
      this.#send(this.#link, this.#waiting.shift()!);
    }
  }

  #send(link: Link, call: Call): void {
    this.#sent.add(call);
    link.ask(call.line).then(
      (answer) => this.#finish(call, () => call.resolve(answer)),
      (error) => {
        // It is sent again on the next connection.
        if (error instanceof MessagingConnectionError) return;
        this.#finish(call, () => call.reject(this.#refusal(error)));
      },
    );
  }

  #finish(call: Call, settle: () => void): void {
    // The answer on a connection that was lost meanwhile came twice.
    if (!this.#sent.delete(call)) return;
    settle();
    if (this.#waiting.length > 0) this.#pump();
    else if (this.#sent.size === 0) this.#idle?.resolve();
  }

  #refusal(cause: Error): SharedBackendError {
    return new SharedBackendError(
      `the manager at ${this.#dialer.shown} refused a call: ${cause.message}`,
      { cause },
    );
  }

  async #open(): Promise<void> {
    try {
      const link = await this.#reach();
      this.#link = link;
      for (const call of [...this.#sent]) this.#send(link, call);
      this.#pump();
    } catch (error) {
      this.#rejectAll(error as Error);
    }
  }

  /** Tries for as long as that may help. */
  async #reach(): Promise<Link> {
    const patienceMs = this.#dialer.isBound ? PATIENCE_MS : FIRST_PATIENCE_MS;
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      try {
        return await this.#dial();
      } catch (error) {
        const isPassing = error instanceof PassingError && !this.#isClosing &&
          (this.#dialer.isBound || this.#dialer.mayStart);
        if (!isPassing || performance.now() > giveUpAt) throw this.#dialer.explain(error);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  async #dial(): Promise<Link> {
    const link = await this.#dialer.open(() => this.#lose(link));
    if (link.isLost) throw new PassingError("the connection was lost at once");
    return link;
  }

  #lose(link: Link | undefined): void {
    if (link === undefined || link !== this.#link) return;
    this.#link = undefined;
    if (this.#sent.size + this.#waiting.length > 0) this.#pump();
  }

  #rejectAll(error: Error): void {
    const calls = [...this.#sent, ...this.#waiting.takeAll()];
    this.#sent.clear();
    for (const { reject } of calls) reject(error);
    this.#idle?.resolve();
  }

  /** Waits for calls on their way, and leaves; if the server ends with that, and was started here, waits for its end. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#sent.size + this.#waiting.length > 0) {
      this.#idle = Promise.withResolvers();
      await this.#idle.promise;
    }
    await this.#opening;
    const link = this.#link;
    this.#link = undefined;
    if (link === undefined) return;
    const answer = await link.ask("STATE_LEAVE").catch(() => undefined);
    await link.close(new Error("closed"));
    if (answer === "OK LAST") await endOfStarted(this.#address);
  }
}
