/**
 * A map from message ids, which others choose.
 *
 * The engine hashes a bigint by its value, with no secret: a client that chooses ids fills one bucket of a `Map`,
 * and each call walks through all of it. This map permutes the 64 bits of an id by tables of random
 * numbers first, so that no other process knows which ids share a place. It keeps the permuted ids as numbers
 * in one array: a `Map` would allocate a bigint for each of them, and takes three times as long.
 *
 * @module
 */

const BYTE_VALUES = 256;
const HALF_BYTES = 4;
/** One table for each byte of both halves. */
const TABLES: Uint32Array = crypto.getRandomValues(
  new Uint32Array(2 * HALF_BYTES * BYTE_VALUES),
);

const whole = new BigUint64Array(1);
/** The halves of the id that was permuted last. */
const halves = new Uint32Array(whole.buffer);

/** Permutes an id: two rounds of a Feistel network, each with four random tables. */
function permute(id: bigint): void {
  whole[0] = id;
  halves[0] ^= mixed(halves[1], 0);
  halves[1] ^= mixed(halves[0], HALF_BYTES * BYTE_VALUES);
}

function mixed(half: number, at: number): number {
  return TABLES[at + (half & 0xff)] ^ TABLES[at + 0x100 + (half >>> 8 & 0xff)] ^
    TABLES[at + 0x200 + (half >>> 16 & 0xff)] ^ TABLES[at + 0x300 + (half >>> 24)];
}

/** Fewest places. All numbers of places are powers of 2. */
const MIN_PLACES = 8;
/** The share of the places that may be taken: above, most searches would be long. */
const MAX_LOAD = 5 / 8;
/** The share below which half of the places are given up. */
const MIN_LOAD = 1 / 8;

/** Values by message id. None of them may be undefined. */
export class IdMap<V extends object | string | number> {
  /** Both halves of the permuted id in each place. */
  #ids = new Uint32Array(2 * MIN_PLACES);
  /** The values, or undefined in a free place. An id is in the first free place from that of its second half on. */
  #values: (V | undefined)[] = new Array(MIN_PLACES).fill(undefined);
  #size = 0;

  /** Number of ids. */
  get size(): number {
    return this.#size;
  }

  /** The value of an id, or undefined. */
  get(id: bigint): V | undefined {
    return this.#values[this.#find(id)];
  }

  /** Sets the value of an id. */
  set(id: bigint, value: V): void {
    const place = this.#find(id);
    if (this.#values[place] === undefined) this.#take(place, value);
    else this.#values[place] = value;
  }

  /** Sets the value of an id that has none, and returns undefined; or returns the value that it has. */
  getOrSet(id: bigint, value: V): V | undefined {
    const place = this.#find(id);
    const found = this.#values[place];
    if (found === undefined) this.#take(place, value);
    return found;
  }

  /** Removes an id. */
  delete(id: bigint): void {
    const place = this.#find(id);
    if (this.#values[place] === undefined) return;
    this.#free(place);
    this.#size--;
    const places = this.#values.length;
    if (places > MIN_PLACES && this.#size < places * MIN_LOAD) this.#resize(places / 2);
  }

  /** The place of an id, or the free one that it would take. */
  #find(id: bigint): number {
    permute(id);
    const ids = this.#ids;
    const values = this.#values;
    const low = halves[0];
    const high = halves[1];
    const mask = values.length - 1;
    let place = high & mask;
    while (values[place] !== undefined && (ids[2 * place] !== low || ids[2 * place + 1] !== high)) {
      place = (place + 1) & mask;
    }
    return place;
  }

  /** Puts the id that was searched last into its place. */
  #take(place: number, value: V): void {
    this.#ids[2 * place] = halves[0];
    this.#ids[2 * place + 1] = halves[1];
    this.#values[place] = value;
    this.#size++;
    const places = this.#values.length;
    if (this.#size > places * MAX_LOAD) this.#resize(places * 2);
  }

  /** Frees a place. Ids after it that would no longer be found move up. */
  #free(place: number): void {
    const ids = this.#ids;
    const values = this.#values;
    const mask = values.length - 1;
    let free = place;
    for (let at = (free + 1) & mask; values[at] !== undefined; at = (at + 1) & mask) {
      const first = ids[2 * at + 1] & mask;
      if (((at - first) & mask) < ((at - free) & mask)) continue;
      ids[2 * free] = ids[2 * at];
      ids[2 * free + 1] = ids[2 * at + 1];
      values[free] = values[at];
      free = at;
    }
    values[free] = undefined;
  }

  #resize(places: number): void {
    const ids = this.#ids;
    const values = this.#values;
    this.#ids = new Uint32Array(2 * places);
    this.#values = new Array(places).fill(undefined);
    for (let from = 0; from < values.length; from++) {
      if (values[from] !== undefined) this.#move(ids, from, values[from]);
    }
  }

  #move(ids: Uint32Array, from: number, value: V | undefined): void {
    const mask = this.#values.length - 1;
    let place = ids[2 * from + 1] & mask;
    while (this.#values[place] !== undefined) place = (place + 1) & mask;
    this.#ids[2 * place] = ids[2 * from];
    this.#ids[2 * place + 1] = ids[2 * from + 1];
    this.#values[place] = value;
  }
}
