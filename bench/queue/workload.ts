/**
 * What every message queue of the benchmark does: messages are published, delivered and acknowledged,
 * many at a time and then one by one. A peer is a process that prints its rates as JSON.
 */

/** A queue with one agent, or some. */
export interface QueuePeer extends AsyncDisposable {
  publish(payload: Payload): Promise<unknown>;
  /** Receives up to `inFlight` messages at once, acknowledges each, and calls `onDone` after it. */
  consume(inFlight: number, onDone: () => void): Promise<() => Promise<void>>;
  /** Reads 100 pending messages. */
  read100?(): Promise<number>;
}

/** A message as agents send them. */
export interface Payload {
  readonly task: string;
  readonly number: number;
  readonly text: string;
}

/** Per second. */
export interface Rates {
  readonly flow: number;
  readonly trips: number;
  readonly reads?: number | undefined;
}

function payload(number: number): Payload {
  return { task: "process_data", number, text: "x".repeat(64) };
}

async function rateOf(count: number, work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return count / ((performance.now() - startMs) / 1000);
}

/** Counts completed messages, and resolves when the expected number is reached. */
class CompletionCounter {
  #remaining = 0;
  #done = Promise.withResolvers<void>();

  expect(count: number): Promise<void> {
    this.#remaining = count;
    this.#done = Promise.withResolvers();
    return this.#done.promise;
  }

  readonly add = (): void => {
    if (--this.#remaining === 0) this.#done.resolve();
  };
}

/** As many calls at a time as are in flight. */
async function flow(
  peer: QueuePeer,
  counter: CompletionCounter,
  count: number,
  inFlight: number,
): Promise<void> {
  const all = counter.expect(count);
  let next = 0;
  const publish = async () => {
    while (next < count) await peer.publish(payload(next++));
  };
  await Promise.all(Array.from({ length: inFlight }, publish));
  await all;
}

/** Prints that a state is reached, and waits for a line: the parent process measures the server meanwhile. */
async function pause(lines: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  console.log("reached");
  await lines.read();
}

/** Publishes messages that nobody takes. */
async function fill(peer: QueuePeer, count: number): Promise<void> {
  await using open = peer;
  const lines = Deno.stdin.readable.getReader();
  await open.publish(payload(0));
  await pause(lines);
  for (let i = 0; i < count; i++) await open.publish(payload(i));
  await pause(lines);
}

/** Consumers of one agent that mostly have nothing to do. */
const IDLE_CONSUMERS = 50;

/** Sends messages one by one to many consumers. */
async function idle(peer: QueuePeer, count: number): Promise<void> {
  const counter = new CompletionCounter();
  await using open = peer;
  const lines = Deno.stdin.readable.getReader();
  const stops = await Promise.all(
    Array.from({ length: IDLE_CONSUMERS }, () => open.consume(1, counter.add)),
  );
  await flow(open, counter, IDLE_CONSUMERS, 1);
  await pause(lines);
  for (let i = 0; i < count; i++) await flow(open, counter, 1, 1);
  await pause(lines);
  await Promise.all(stops.map((stop) => stop()));
}

/**
 * Runs a peer and prints its rates. Arguments: messages, how many at a time, and `fill` or `idle` if the server is
 * measured instead.
 */
export async function runPeer(peer: QueuePeer, args: readonly string[]): Promise<void> {
  const [count, inFlight] = args.map(Number);
  if (args[2] === "fill") return await fill(peer, count);
  if (args[2] === "idle") return await idle(peer, count);
  const trips = Math.ceil(count / 10);
  const counter = new CompletionCounter();
  await using open = peer;
  const stopMany = await open.consume(inFlight, counter.add);
  await flow(open, counter, trips, inFlight);
  const flowRate = await rateOf(count, () => flow(open, counter, count, inFlight));
  await stopMany();
  const stopOne = await open.consume(1, counter.add);
  const tripRate = await rateOf(trips, async () => {
    for (let i = 0; i < trips; i++) await flow(open, counter, 1, 1);
  });
  await stopOne();
  const rates: Rates = { flow: flowRate, trips: tripRate, reads: await readRate(open, trips) };
  console.log(JSON.stringify(rates));
}

async function readRate(peer: QueuePeer, count: number): Promise<number | undefined> {
  if (peer.read100 === undefined) return undefined;
  for (let i = 0; i < 100; i++) await peer.publish(payload(i));
  const read = async () => {
    const received = await peer.read100!();
    if (received !== 100) throw new Error(`read ${received} messages, not 100`);
  };
  await read();
  return await rateOf(count, async () => {
    for (let i = 0; i < count; i++) await read();
  });
}
