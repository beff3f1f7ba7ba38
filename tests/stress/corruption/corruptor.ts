/**
 * A writer that overwrites a segment's file as a faulty process would.
 *
 * @module
 */

import type { Random } from "../../support/random.ts";
import type { MessageVerifier } from "./message_verifier.ts";
import { chooseCorruption, type Corruption, SegmentOffsets } from "./target.ts";

/** Overwrites one segment, and reports it to the verifiers. */
export class Corruptor implements Disposable {
  /** True once the channel may count as closed. */
  mayBeClosed = false;
  readonly corruptions: Corruption[] = [];
  readonly #file: Deno.FsFile;
  readonly #random: Random;
  readonly #verifiers: readonly MessageVerifier[];
  readonly #offsets: SegmentOffsets;
  #earlier: Uint8Array = new Uint8Array(0);

  /** Opens a segment's file. */
  constructor(
    path: string,
    capacity: number,
    random: Random,
    verifiers: readonly MessageVerifier[],
  ) {
    this.#file = Deno.openSync(path, { read: true, write: true });
    this.#offsets = new SegmentOffsets(capacity);
    this.#random = random;
    this.#verifiers = verifiers;
  }

  /** Overwrites a place. */
  corrupt(): Corruption {
    const image = this.#read();
    const corruption = chooseCorruption(this.#random, this.#offsets, image, this.#earlier);
    if (this.#earlier.length === 0 || this.#random.chance(0.5)) this.#earlier = image;
    this.#write(corruption);
    return corruption;
  }

  #read(): Uint8Array<ArrayBuffer> {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    const image = new Uint8Array(this.#file.statSync().size);
    this.#file.readSync(image);
    return image;
  }

  #write(corruption: Corruption): void {
    const { offset, bytes } = corruption;
    this.corruptions.push(corruption);
    if (this.#offsets.mayHoldMessages(offset, bytes.length)) {
      for (const verifier of this.#verifiers) verifier.overwrite(offset, bytes);
    }
    if (this.#offsets.touchesStatus(offset, bytes.length)) this.mayBeClosed = true;
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    this.#file.writeSync(bytes);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
