/**
 * Runs a queue under faults: processes publish and consume, they and their servers are killed and stopped,
 * and in the end all that has happened is known.
 *
 * @module
 */

import type { MessageQueue, MessageRecord } from "../../../mod.ts";
import { sleep, until } from "../../support/deadline.ts";
import { Program } from "../../support/program.ts";
import { Random } from "../../support/random.ts";
import { openQueue } from "./access.ts";
import type { Carrier } from "./carriers.ts";
import {
  type Dead,
  type Entry,
  EVERY_MS,
  type Kind,
  type Ledger,
  MAX_ATTEMPTS,
  type Stored,
} from "./ledger.ts";
import { AGENTS, type Role, ROLES, TICKER } from "./plan.ts";

/** How a run is made. */
export interface Plan {
  /** Decides all but the timing of the machine. */
  readonly seed: number;
  /** Seconds with faults. */
  readonly seconds: number;
  /** It goes on until this holds for what is known so far, for a time that a slow machine needs. */
  readonly isEnough?: (ledger: Ledger) => boolean;
  /** Ends the processes, and the run. */
  readonly signal?: AbortSignal;
}

/** What a run has done and seen. */
export interface Outcome {
  readonly ledger: Ledger;
  /** How often each fault has happened. */
  readonly faults: Record<string, number>;
}

/** Milliseconds in which all messages are settled when the faults have ended. */
const SETTLING_MS = 90_000;
/** Seconds until all processes are killed at once. */
const ROUND_SECONDS = 15;
/** Rounds of a run that does not get what it must have. */
const MAX_ROUNDS = 20;
const PAGE = 1000;

/** The processes of a run, and all that they have printed. */
class Crew implements AsyncDisposable {
  readonly #access: string;
  readonly #random: Random;
  readonly #running: Program[] = [];
  /** Those of processes that have ended. */
  readonly #entries: Entry[] = [];
  readonly #signal: AbortSignal | undefined;
  #count = 0;

  constructor(access: unknown, random: Random, signal?: AbortSignal) {
    this.#access = JSON.stringify(access);
    this.#random = random;
    this.#signal = signal;
    signal?.addEventListener("abort", () => this[Symbol.asyncDispose](), { once: true });
  }

  /** What all processes have printed so far. */
  get entries(): Entry[] {
    return [...this.#entries, ...this.#running.flatMap(entriesOf)];
  }

  /** Starts a process in a place of the crew. */
  async start(place: number): Promise<void> {
    this.#signal?.throwIfAborted();
    const who = `${place}.${this.#count++}`;
    const program = new Program([
      "-A",
      "tests/stress/queue/participant.ts",
      this.#access,
      ROLES[place],
      who,
      `${this.#random.word()}`,
    ]);
    this.#running[place] = program;
    await program.prints("ready\n");
  }

  async startAll(): Promise<void> {
    await Promise.all(ROLES.keys().map((place) => this.start(place)));
  }

  signal(place: number, signal: Deno.Signal): void {
    this.#running[place].kill(signal);
  }

  /** Kills a process, and keeps what it has printed. */
  async kill(place: number): Promise<void> {
    const program = this.#running[place];
    delete this.#running[place];
    const status = await (program.kill("SIGKILL"), program.ended());
    if (status.signal !== "SIGKILL") {
      const text = `${ROLES[place]} ended: ${linesOf(program).at(-1)}`;
      this.#entries.push({ type: "wrong", text });
    }
    this.#entries.push(...entriesOf(program));
  }

  async killAll(of: (role: Role) => boolean): Promise<void> {
    const places = ROLES.keys().filter((place) => place in this.#running && of(ROLES[place]));
    await Promise.all([...places].map((place) => this.kill(place)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((program) => program[Symbol.asyncDispose]()));
  }
}

/** The whole lines that a process has printed: a kill may interrupt one. */
function linesOf({ output }: Program): string[] {
  return output.split("\n").slice(0, -1);
}

function entriesOf(program: Program): Entry[] {
  return linesOf(program).filter((line) => line !== "ready")
    .map((line) => line.startsWith("{") ? JSON.parse(line) : { type: "wrong", text: line });
}

/** Kills and stops processes, and lets the place of the queue fail. */
class Attacks {
  readonly counts: Record<string, number> = {};
  readonly #crew: Crew;
  readonly #carrier: Carrier;
  readonly #seed: number;
  #endMs = 0;

  constructor(crew: Crew, carrier: Carrier, seed: number) {
    this.#crew = crew;
    this.#carrier = carrier;
    this.#seed = seed;
  }

  /** Attacks all at the same time, and the processes of one part one after the other. */
  async run(round: number, seconds: number): Promise<void> {
    this.#endMs = performance.now() + seconds * 1000;
    const random = (lane: number) => new Random(this.#seed, 2 + lane, round);
    const places = [...ROLES.keys()];
    const publishers = places.filter((place) => ROLES[place] === "publisher");
    const others = places.filter((place) => ROLES[place] !== "publisher");
    const outcomes = await Promise.allSettled([
      this.#repeat(random(0), (random) => this.#attack(random, random.pick(publishers))),
      this.#repeat(random(1), (random) => this.#attack(random, random.pick(others))),
      this.#repeat(random(2), (random) => this.#fail(random)),
    ]);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async #repeat(random: Random, attack: (random: Random) => Promise<unknown>): Promise<void> {
    while (performance.now() < this.#endMs) {
      await sleep(random.between(20, 600));
      await attack(random);
    }
  }

  async #attack(random: Random, place: number): Promise<void> {
    if (random.chance(0.6)) {
      this.#count(`${ROLES[place]} killed`);
      await this.#crew.kill(place);
      await this.#crew.start(place);
    } else {
      this.#count(`${ROLES[place]} stopped`);
      this.#crew.signal(place, "SIGSTOP");
      await sleep(random.between(50, 1800));
      this.#crew.signal(place, "SIGCONT");
    }
  }

  async #fail(random: Random): Promise<void> {
    const { faults } = this.#carrier;
    const names = Object.keys(faults);
    if (names.length === 0) return;
    const name = random.pick(names);
    this.#count(name);
    await faults[name](random);
  }

  /** Kills all processes at once, and starts their successors. */
  async killAll(): Promise<void> {
    this.#count("all processes killed at once");
    await this.#crew.killAll(() => true);
    await this.#crew.startAll();
  }

  #count(fault: string): void {
    this.counts[fault] = (this.counts[fault] ?? 0) + 1;
  }
}

/** Runs processes on a queue under faults. */
export async function runFaults(
  carrier: Carrier,
  { seed, seconds, isEnough, signal }: Plan,
): Promise<Outcome> {
  await using crew = new Crew(carrier.access, new Random(seed, 1), signal);
  await startSchedule(carrier);
  await crew.startAll();
  const attacks = new Attacks(crew, carrier, seed);
  const rounds = Math.max(2, Math.round(seconds / ROUND_SECONDS));
  for (let round = 0; round < rounds || await goesOn(round); round++) {
    if (round > 0) await attacks.killAll();
    await attacks.run(round, seconds / rounds);
  }
  await crew.killAll((role) => role === "publisher" || role === "peer");
  await using queue = await openQueue(carrier.access);
  await queue.unschedule("tick");
  await until(() => isSettled(queue), "the end of all messages", SETTLING_MS);
  // The last lines of those who have just settled a message.
  await sleep(300);
  await crew.killAll(() => true);
  return { ledger: await ledgerOf(carrier, crew, queue), faults: attacks.counts };

  async function goesOn(round: number): Promise<boolean> {
    if (isEnough === undefined || round >= MAX_ROUNDS) return false;
    await using queue = await openQueue(carrier.access);
    return !isEnough(await ledgerOf(carrier, crew, queue));
  }
}

async function ledgerOf(carrier: Carrier, crew: Crew, queue: MessageQueue): Promise<Ledger> {
  const { hasFailovers, clockMs } = carrier;
  const [stored, dead] = [await storedIn(queue), await deadIn(queue)];
  return { entries: crew.entries, stored, dead, hasFailovers, clockMs };
}

/** Whoever has the queue open publishes for the schedule from now on. */
async function startSchedule({ access }: Carrier): Promise<void> {
  await using queue = await openQueue(access);
  await queue.schedule("tick", { everySeconds: EVERY_MS / 1000 }, {
    channel: "ticks",
    sourceAgent: "boss",
    targetAgent: TICKER,
    payload: { name: "tick", kind: "tick" },
    maxAttempts: MAX_ATTEMPTS,
  });
}

async function isSettled(queue: MessageQueue): Promise<boolean> {
  await sleep(100);
  if ((await queue.getDelayed({ limit: 1 })).length > 0) return false;
  for (const agent of [...AGENTS, TICKER]) {
    if ((await queue.getPending(agent, { limit: 1 })).length > 0) return false;
  }
  return true;
}

interface Payload {
  name: string;
  kind: Kind;
}

async function storedIn(queue: MessageQueue): Promise<Stored[]> {
  const all: MessageRecord<Payload>[] = [];
  for (const channel of ["work", "ticks"]) {
    const found: MessageRecord<Payload>[] = [];
    for (let offset = 0;; offset += PAGE) {
      const page = await queue.list<Payload>({ limit: PAGE, offset, filters: { channel } });
      found.push(...page);
      if (page.length < PAGE) break;
    }
    all.push(...found.reverse());
  }
  return all.map((record) => {
    const { dueAt } = (record.metadata.schedule ?? {}) as { dueAt?: string };
    return {
      id: record.id,
      name: record.payload.name,
      agent: record.targetAgent!,
      key: record.orderingKey,
      same: record.deduplicationId,
      isAcknowledged: record.acknowledged,
      createdMs: record.createdAt.getTime(),
      tickMs: dueAt === undefined ? undefined : Date.parse(dueAt),
      isLater: record.payload.kind === "later",
    };
  });
}

async function deadIn(queue: MessageQueue): Promise<Dead[]> {
  const letters = await Promise.all(
    [...AGENTS, TICKER].map((agent) => queue.getDeadLetters(agent, { limit: 1_000_000 })),
  );
  return letters.flat().map(({ id, attempts }) => ({ id, attempts }));
}
