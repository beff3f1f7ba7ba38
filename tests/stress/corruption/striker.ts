/**
 * Somebody who writes into a segment's file as a process gone astray would.
 *
 * @module
 */

import type { Random } from "../random.ts";
import type { Judge } from "./verdict.ts";
import { Anatomy, chooseStrike, type Strike } from "./target.ts";

/** Strikes one segment, and tells the judges. */
export class Striker implements Disposable {
  /** True once the channel may look closed. */
  mayBeClosed = false;
  readonly strikes: Strike[] = [];
  readonly #file: Deno.FsFile;
  readonly #random: Random;
  readonly #judges: readonly Judge[];
  readonly #anatomy: Anatomy;
  #earlier: Uint8Array = new Uint8Array(0);

  /** Opens a segment's file. */
  constructor(path: string, capacity: number, random: Random, judges: readonly Judge[]) {
    this.#file = Deno.openSync(path, { read: true, write: true });
    this.#anatomy = new Anatomy(capacity);
    this.#random = random;
    this.#judges = judges;
  }

  /** Overwrites something. */
  strike(): Strike {
    const image = this.#read();
    const strike = chooseStrike(this.#random, this.#anatomy, image, this.#earlier);
    if (this.#earlier.length === 0 || this.#random.chance(0.5)) this.#earlier = image;
    this.#write(strike);
    return strike;
  }

  #read(): Uint8Array<ArrayBuffer> {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    const image = new Uint8Array(this.#file.statSync().size);
    this.#file.readSync(image);
    return image;
  }

  #write(strike: Strike): void {
    const { offset, bytes } = strike;
    this.strikes.push(strike);
    if (this.#anatomy.holdsMessages(offset, bytes.length)) {
      for (const judge of this.#judges) judge.overwrite(offset, bytes);
    }
    if (this.#anatomy.touchesStatus(offset, bytes.length)) this.mayBeClosed = true;
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    this.#file.writeSync(bytes);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
