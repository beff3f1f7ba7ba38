/**
 * Measures what a program can choose: codec, form of the call, batch, place, capacity. One thread sends
 * and receives on a local channel, so that no scheduler is in the figures. Run it with
 * `deno task bench:tuning`; `--help` describes its options.
 */
import { type CodecName, LocalChannel, Puller, Pusher } from "../../mod.ts";
import { duration, times } from "../../cli/benchmark/charts/format.ts";
import { describeMachine, warningOf } from "../../cli/benchmark/machine.ts";
import { median } from "../../cli/benchmark/stats.ts";
import { JSON_OUTPUT, QUICK, runBenchmark } from "../harness/command_line.ts";

/** Sends and receives some messages; returns their number. */
type Round = () => number;

/** One way to do it. */
interface Variant {
  readonly name: string;
  readonly round: Round;
}

/** Ways that do the same; the first one is what the others are compared with. */
interface Comparison {
  readonly title: string;
  readonly variants: readonly Variant[];
}

/** Nanoseconds a message, and how many times that of the first way. */
interface ComparisonResult {
  readonly title: string;
  readonly rows: readonly { readonly name: string; readonly ns: number; readonly ratio: number }[];
}

const MEBIBYTE = 2 ** 20;
const SMALL = { id: 12345, name: "sensor-7", at: 1.75, tags: ["a", "b"] };
const LARGE = Array.from({ length: 120 }, (_, id) => ({ ...SMALL, id }));
const NUMBERS = new Float64Array(1000).fill(0.5);

interface Sockets<T> {
  readonly pusher: Pusher<T>;
  readonly puller: Puller<T>;
}

function open<T>(codec: CodecName, capacityBytes = MEBIBYTE): Sockets<T> {
  const { handle } = LocalChannel.create({ capacityBytes });
  return { pusher: new Pusher<T>(handle, { codec }), puller: new Puller<T>(handle) };
}

function codecs(title: string, value: unknown, names: readonly CodecName[]): Comparison {
  const ways = names.map((name): Variant => {
    const { pusher, puller } = open(name);
    return {
      name,
      round() {
        pusher.send(value);
        puller.tryRecv();
        return 1;
      },
    };
  });
  return { title, variants: ways };
}

function receiving(bytes: number): Comparison {
  const message = new Uint8Array(bytes);
  const target = new Uint8Array(bytes);
  const variant = (name: string, receive: (ends: Sockets<Uint8Array>) => unknown): Variant => {
    const ends = open<Uint8Array>("raw");
    return {
      name,
      round() {
        ends.pusher.send(message);
        receive(ends);
        return 1;
      },
    };
  };
  return {
    title: `receiving ${bytes} bytes`,
    variants: [
      variant("tryRecvInto", ({ puller }) => puller.tryRecvInto(target)),
      variant("tryRecv", ({ puller }) => puller.tryRecv()),
      variant("recvView", ({ puller }) => puller.recvView()![Symbol.dispose]()),
    ],
  };
}

function acknowledging(bytes: number): Comparison {
  const message = new Uint8Array(bytes);
  const plain = open<Uint8Array>("raw");
  const { handle } = LocalChannel.create();
  const pusher = new Pusher<Uint8Array>(handle, { codec: "raw" });
  const puller = new Puller<Uint8Array>(handle, { ack: true });
  return {
    title: `acknowledging ${bytes} bytes`,
    variants: [
      { name: "without", round: () => (plain.pusher.send(message), plain.puller.tryRecv(), 1) },
      { name: "with", round: () => (pusher.send(message), puller.tryRecv()!.ack(), 1) },
    ],
  };
}

function batches(bytes: number, sizes: readonly number[]): Comparison {
  const perSize = sizes.map((size): Variant => {
    const { pusher, puller } = open<Uint8Array>("raw");
    const messages = Array.from({ length: size }, () => new Uint8Array(bytes));
    return {
      name: `sendMany and drain, ${size} at a time`,
      round() {
        pusher.sendMany(messages);
        puller.drain();
        return size;
      },
    };
  });
  const { pusher, puller } = open<Uint8Array>("raw");
  const message = new Uint8Array(bytes);
  const single: Variant = {
    name: "send and tryRecv, one by one",
    round: () => (pusher.send(message), puller.tryRecv(), 1),
  };
  return { title: `batches of ${bytes} bytes`, variants: [single, ...perSize] };
}

/** Numbers that are computed into a message, and added up on the other side. */
function inPlace(bytes: number): Comparison {
  const capacityBytes = 4 * bytes + 4096;
  const [copied, loaned] = [capacityBytes, capacityBytes].map((each) =>
    open<Uint8Array>("raw", each)
  );
  const message = new Uint8Array(bytes);
  const target = new Uint8Array(bytes);
  return {
    title: `${bytes} bytes of numbers that are computed, and added up`,
    variants: [
      {
        name: "send and tryRecvInto",
        round() {
          compute(message);
          copied.pusher.send(message);
          copied.puller.tryRecvInto(target);
          return addUp(target);
        },
      },
      {
        name: "loan and recvView",
        round() {
          using loan = loaned.pusher.loan(bytes)!;
          compute(loan.bytes);
          loan.commit();
          using view = loaned.puller.recvView()!;
          return addUp(view.bytes);
        },
      },
    ],
  };
}

function numbersOf({ buffer, byteOffset, byteLength }: Uint8Array): Float64Array {
  return new Float64Array(buffer, byteOffset, byteLength / 8);
}

function compute(bytes: Uint8Array): void {
  const numbers = numbersOf(bytes);
  for (let i = 0; i < numbers.length; i++) numbers[i] = i & 1;
}

/** One message, if its sum is right. */
function addUp(bytes: Uint8Array): number {
  const numbers = numbersOf(bytes);
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i];
  return sum === numbers.length / 2 ? 1 : NaN;
}

/** Half of a ring is filled and emptied at a time: what does not fit into the caches is slower. */
function capacities(bytes: number, all: readonly number[]): Comparison {
  const target = new Uint8Array(bytes);
  const message = new Uint8Array(bytes);
  const ways = all.map((capacityBytes): Variant => {
    const { pusher, puller } = open<Uint8Array>("raw", capacityBytes);
    const count = Math.floor(capacityBytes / 2 / (bytes + 16));
    return {
      name: `${capacityBytes / 1024} KiB`,
      round() {
        for (let i = 0; i < count; i++) pusher.send(message);
        for (let i = 0; i < count; i++) puller.tryRecvInto(target);
        return count;
      },
    };
  });
  return { title: `capacity, with messages of ${bytes} bytes`, variants: ways };
}

function comparisons(): Comparison[] {
  const kibibytes = [64, 4, 1024, 16 * 1024, 64 * 1024];
  return [
    codecs("codec, small object", SMALL, ["msgpack", "json", "clone"]),
    codecs("codec, 120 small objects", LARGE, ["msgpack", "json", "clone"]),
    codecs("codec, Float64Array(1000)", NUMBERS, ["msgpack", "json", "clone"]),
    receiving(64),
    receiving(1024),
    acknowledging(64),
    batches(64, [16, 256]),
    ...[1024, 64 * 1024, MEBIBYTE].map(inPlace),
    capacities(1024, kibibytes.map((size) => size * 1024)),
  ];
}

function nanoseconds(round: Round, ms: number): number {
  const startMs = performance.now();
  let messages = 0;
  while (performance.now() - startMs < ms) {
    for (let i = 0; i < 8; i++) messages += round();
  }
  return (performance.now() - startMs) * 1e6 / messages;
}

/** All ways by turns; ratios are taken turn by turn. */
function measure(
  { title, variants }: Comparison,
  turns: number,
  ms: number,
): ComparisonResult {
  for (const { round } of variants) nanoseconds(round, ms);
  const runs = Array.from(
    { length: turns },
    () => variants.map(({ round }) => nanoseconds(round, ms)),
  );
  const rows = variants.map(({ name }, way) => ({
    name,
    ns: median(runs.map((run) => run[way])),
    ratio: median(runs.map((run) => run[way] / run[0])),
  }));
  return { title, rows };
}

function print({ title, rows }: ComparisonResult): void {
  console.log(`\n${title}`);
  for (const { name, ns, ratio } of rows) {
    console.log(`  ${name.padEnd(36)}${duration(ns).padStart(10)}${times(ratio).padStart(10)}`);
  }
}

if (import.meta.main) {
  await runBenchmark({
    task: "bench:tuning",
    description: "Measures codecs, calls, batches and capacities.",
    options: { quick: QUICK, json: { ...JSON_OUTPUT, help: "prints the result for machines" } },
    async run(values) {
      const [turns, ms] = values.quick ? [1, 5] : [7, 60];
      const machine = await describeMachine();
      const results = comparisons().map((question) => measure(question, turns, ms));
      if (values.json) console.log(JSON.stringify({ machine, comparisons: results }, null, 2));
      else {
        console.log(`${machine.cpu}, ${machine.cores} cores, Deno ${machine.deno}`);
        console.log(warningOf(machine) ?? "");
        console.log("time a message, sent and received; medians, and times that of the first row");
        results.forEach(print);
      }
    },
  });
}
