/**
 * A puller that stops itself at failpoints: at the first of its list, then at the next. Its arguments are
 * the ring that asks at failpoints, a directory, how often the first point is passed before, what to
 * do, and the points' numbers.
 *
 * @module
 */

import { type Delivery, Puller } from "../../../mod.ts";
import { useFailpoints } from "../../../lib/segment/ring.ts";

const [ringPath, dir, passes, work, ...points] = Deno.args;
let left = Number(passes);

useFailpoints(new WebAssembly.Module(Deno.readFileSync(ringPath)), (point) => {
  if (point !== Number(points[0]) || left-- > 0) return;
  points.shift();
  left = 0;
  Deno.kill(Deno.pid, "SIGSTOP");
});

const done: unknown[] = [];

function open(): Puller<Delivery<Uint8Array>> {
  return new Puller<Uint8Array>("work", { dir, ack: true });
}

function ackOne(puller: Puller<Delivery<Uint8Array>>): void {
  const message = puller.tryRecv();
  if (message === undefined) return;
  message.ack();
  done.push(message.value[0]);
}

const WORK: Record<string, () => void> = {
  take() {
    using puller = open();
    ackOne(puller);
  },
  nack() {
    using puller = open();
    puller.tryRecv()!.nack();
  },
  close() {
    const puller = open();
    puller.drain(2);
    puller.close();
  },
  join() {
    open().close();
  },
  plain() {
    using puller = new Puller<Uint8Array>("work", { dir });
    const value = puller.tryRecv();
    if (value !== undefined) done.push(value[0]);
  },
};

WORK[work]();
console.log(JSON.stringify({ value: done }));
