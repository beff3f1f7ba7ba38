/**
 * What several sockets of one process do at the same time, seen at the failpoints: at some of them another
 * socket acts in the middle of the first one's call, or the first one dies.
 *
 * @module
 */

import type { LocalHandle } from "../../mod.ts";
import { controlOffset } from "../../lib/segment/format.ts";
import { platform } from "../../lib/platform/mod.ts";
import { useFailpoints } from "../../lib/segment/ring.ts";
import { passAfter } from "../stress/failpoints/watch.ts";
import { type CALLS, POINTS } from "../stress/failpoints/points.ts";
import { failpointRing } from "../stress/failpoints/ring.ts";
import { DEATH, type Event, IDLE } from "../stress/model/explore.ts";
import * as layout from "../../wasm/layout.ts";

/** Thrown at a failpoint: the socket is never used again. */
class SimulatedDeath extends Error {
  override name = "Death";
}

/** Writes down who passes which failpoints. */
export class Tracer {
  readonly events: Event[] = [];
  readonly #points: ReadonlySet<string>;
  readonly #words: () => unknown;
  /** Called at each failpoint; it may let others act, or return true to let the actor die. */
  readonly #between: (actor: number, point: string) => boolean;
  #acting: number[] = [];
  readonly #dead = new Set<number>();

  /** Watches some points; `words` gives what is written down with each. */
  constructor(
    points: Iterable<string>,
    words: () => unknown,
    between: (actor: number, point: string) => boolean,
  ) {
    this.#points = new Set(points);
    this.#words = words;
    this.#between = between;
  }

  /** Makes all sockets that are opened from now on report their failpoints. */
  async install(): Promise<void> {
    const module = new WebAssembly.Module(await failpointRing());
    useFailpoints(module, (point) => this.#reached(POINTS[point]));
  }

  /** Has calls of the system pass failpoints until it is disposed: those for which `isTraced` is true. */
  watch(
    calls: readonly typeof CALLS[number][],
    isTraced: (call: string, args: unknown[], result: unknown) => boolean = () => true,
  ): Disposable {
    const watchCall = (call: typeof CALLS[number]) =>
      passAfter(call, (args, result) => {
        if (isTraced(call, args, result)) this.#reached(call);
      });
    const own = new Map(calls.map((call) => [call, watchCall(call)]));
    return {
      [Symbol.dispose]() {
        for (const [call, original] of own) Object.assign(platform(), { [call]: original });
      },
    };
  }

  #reached(point: string): void {
    const actor = this.#acting.at(-1);
    if (actor === undefined || !this.#points.has(point)) return;
    // On its way out of a call a socket would still publish what it has staged.
    if (this.#dead.has(actor)) throw new SimulatedDeath();
    this.events.push({ actor, point, words: this.#words() });
    if (!this.#between(actor, point)) return;
    this.#dead.add(actor);
    this.events.push({ actor, point: DEATH, words: undefined });
    throw new SimulatedDeath();
  }

  /** True while an actor is in the middle of a call. */
  isActing(actor: number): boolean {
    return this.#acting.includes(actor);
  }

  /** Lets an actor do something; false if it died of it. */
  act(actor: number, deed: () => void): boolean {
    const before = [...this.#acting];
    this.#acting.push(actor);
    try {
      deed();
      this.events.push({ actor, point: IDLE, words: undefined });
      return true;
    } catch (error) {
      if (error instanceof SimulatedDeath) return false;
      throw error;
    } finally {
      this.#acting = before;
    }
  }
}

/** Bytes of each record in a trace: positions count records. */
export const RECORD_BYTES = 64;

/** The words of a local channel's first lane, in records. */
export function laneWords({ memory }: LocalHandle, capacity: number): Record<string, number> {
  const view = new DataView(memory.buffer);
  const lane = controlOffset(capacity) + layout.CONTROL_LANES;
  const word = (offset: number) => Number(view.getBigUint64(lane + offset, true));
  return {
    last: word(layout.LANE_LAST) / RECORD_BYTES,
    head: word(layout.LANE_HEAD) / RECORD_BYTES,
    count: word(layout.LANE_COUNT),
    tail: word(layout.LANE_TAIL) / RECORD_BYTES,
    tailCount: word(layout.LANE_TAIL_COUNT),
  };
}
