/**
 * A server that is killed and started again under load: until it ends, every write that it acknowledged
 * can be read, none twice, and the clients go on with the next server by themselves.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type MessagingBackend, MessagingConnectionError } from "../../../mod.ts";
import { numbered, numbersOf } from "../../conformance/messaging/transport.ts";
import { sleep, until } from "../../support/deadline.ts";
import { serve, type ServedProcess } from "./served.ts";
import type { Stage, StageContext } from "./stage.ts";

/** Lives of a stage of scale 1. */
const LIVES = 20;
const LIFE_MS = 700;

/** Writes numbers, and knows which were acknowledged. */
class Writer {
  readonly #backend: MessagingBackend;
  readonly #topic: string;
  #next = 0;
  #isPaused = false;
  #isOver = false;
  #attempt: Promise<void> = Promise.resolve();
  /** Numbers that the current server has acknowledged. */
  acknowledged: number[] = [];
  readonly done: Promise<void>;

  constructor(backend: MessagingBackend, topic: string) {
    this.#backend = backend;
    this.#topic = topic;
    this.done = this.#run();
  }

  /** Numbers that were tried. */
  get tried(): number {
    return this.#next;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      if (this.#isPaused) await sleep(5);
      else await (this.#attempt = this.#write(this.#next++));
    }
  }

  async #write(n: number): Promise<void> {
    try {
      await this.#backend.storeMessage("n", this.#topic, numbered(n));
      this.acknowledged.push(n);
    } catch (error) {
      if (!(error instanceof MessagingConnectionError)) throw error;
      await sleep(5);
    }
  }

  /** Waits for the write on its way, and compares what can be read with what was acknowledged. */
  async verify(): Promise<void> {
    this.#isPaused = true;
    await this.#attempt;
    const stored = numbersOf(await this.#backend.getMessagesForTopic(this.#topic));
    for (const n of this.acknowledged) assert.ok(stored.includes(n), `${this.#topic} lost ${n}`);
    assert.equal(new Set(stored).size, stored.length, `${this.#topic} has a number twice`);
    this.#isPaused = false;
  }

  end(): void {
    this.#isOver = true;
  }
}

async function run({ random, scale }: StageContext) {
  let server = await serve();
  const { httpPort, tcpPort } = server;
  const ports = ["--http-port", `${httpPort}`, "--tcp-port", `${tcpPort}`];
  const backends = [server.httpBackend(), server.tcpBackend()];
  const writers = backends.map((backend, i) => new Writer(backend, `topic-${i}`));
  const lives = Math.max(3, Math.ceil(LIVES * scale));
  let acknowledged = 0;
  try {
    for (let life = 1; life <= lives; life++) {
      await sleep(random.between(LIFE_MS / 4, LIFE_MS));
      await until(() => writers.every((writer) => writer.acknowledged.length > 0), "writes");
      for (const writer of writers) await writer.verify();
      await sleep(random.between(0, 50));
      if (life < lives) server = await replace(server, ports, random.chance(0.5));
      for (const writer of writers) {
        acknowledged += writer.acknowledged.length;
        writer.acknowledged = [];
      }
    }
  } finally {
    for (const writer of writers) writer.end();
    await Promise.all(writers.map(({ done }) => done));
    for (const backend of backends) await backend.cleanup();
    await server[Symbol.asyncDispose]();
  }
  const tried = writers.reduce((sum, writer) => sum + writer.tried, 0);
  return { lives, "acknowledged writes": acknowledged, "writes tried": tried };
}

/** Ends a server, the hard way or not, and starts the next one at its ports. */
async function replace(
  server: ServedProcess,
  ports: string[],
  isKilled: boolean,
): Promise<ServedProcess> {
  if (isKilled) await server[Symbol.asyncDispose]();
  else await server.stop();
  return await serve(ports);
}

/** The stage. */
export const RESTARTS: Stage = {
  name: "restarts",
  about: "a server that is killed and started again under load",
  run,
};
