/**
 * The open dashboards. All of them get the same snapshot.
 *
 * @module
 */

import { MAX_DASHBOARDS } from "../../store/limits.ts";
import type { Recorder } from "./recorder.ts";
import type { Snapshot } from "./snapshot.ts";

/** Milliseconds between two snapshots. */
const SNAPSHOT_INTERVAL_MS = 1000;
/** After a slow snapshot, the next one is delayed by this many times its duration. */
const IDLE_FACTOR = 20;

const HEADERS = { "content-type": "text/event-stream", "cache-control": "no-store" };

type Controller = ReadableStreamDefaultController<Uint8Array>;

/** The history of the server. */
type Recording = Pick<Recorder, "lastStep" | "look" | "part" | "rest">;

/** Sends snapshots to all open dashboards. Takes none while there are none. */
export class Viewers {
  readonly #startSampler: () => { sample(): Snapshot };
  readonly #controllers = new Set<Controller>();
  readonly #encoder = new TextEncoder();
  #sampler: { sample(): Snapshot } | undefined;
  readonly #recording: Recording;
  #text = "";
  #frame: Uint8Array | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param startSampler called when the first dashboard is opened
   * @param recording the history, which a page gets when it is opened
   */
  constructor(startSampler: () => { sample(): Snapshot }, recording: Recording) {
    this.#startSampler = startSampler;
    this.#recording = recording;
  }

  /** Number of open dashboards. */
  get size(): number {
    return this.#controllers.size;
  }

  /** True if no more dashboards may be opened. */
  get isFull(): boolean {
    return this.size >= MAX_DASHBOARDS;
  }

  /** Server-Sent Events: a snapshot now, and one each second. */
  open(): Response {
    let own: Controller;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.#controllers.add(controller);
        if (this.#timer === undefined) this.#takeSnapshot();
        controller.enqueue(this.#firstFrame());
      },
      cancel: () => this.#removeViewer(own),
    });
    return new Response(body, { headers: HEADERS });
  }

  /** Takes a snapshot, and schedules the next one. */
  #takeSnapshot(): void {
    const startMs = performance.now();
    this.#sampler ??= this.#startSampler();
    this.#text = JSON.stringify({ ...this.#sampler.sample(), step: this.#recording.lastStep });
    this.#frame = this.#frameOf(this.#text);
    this.#recording.look();
    const tookMs = performance.now() - startMs;
    this.#timer = setTimeout(
      () => this.#sendNext(),
      Math.max(SNAPSHOT_INTERVAL_MS, tookMs * IDLE_FACTOR),
    );
  }

  #frameOf(text: string): Uint8Array {
    return this.#encoder.encode(`data: ${text}\n\n`);
  }

  /** The last snapshot, with the history. */
  #firstFrame(): Uint8Array {
    const history = JSON.stringify(this.#recording.part());
    return this.#frameOf(`${this.#text.slice(0, -1)},"history":${history}}`);
  }

  #sendNext(): void {
    this.#takeSnapshot();
    for (const controller of this.#controllers) {
      // A client that has not read the last snapshot yet does not get this one.
      if (controller.desiredSize! > 0) controller.enqueue(this.#frame!);
    }
  }

  #removeViewer(controller: Controller): void {
    this.#controllers.delete(controller);
    if (this.size === 0) this.#stopSampling();
  }

  #stopSampling(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sampler = undefined;
    this.#frame = undefined;
    this.#text = "";
    this.#recording.rest();
  }

  /** Ends all streams. */
  clear(): void {
    for (const controller of this.#controllers) controller.close();
    this.#controllers.clear();
    this.#stopSampling();
  }
}
