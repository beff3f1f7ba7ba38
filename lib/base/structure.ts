/**
 * Structures of bytes, described as data. Readers of the bytes, printed reports and the drawings in
 * the pages are all derived from one description.
 *
 * @module
 */

/** A module of offsets, such as `wasm/layout.ts`. */
export type Descriptor = Readonly<Record<string, unknown>>;

/** A field of a structure. */
export interface Field<T = unknown> {
  /** Name of the constant in the descriptor that is its offset. */
  readonly name: string;
  /** Bytes from the start of the structure. */
  readonly offset: number;
  readonly bytes: number;
  /** Name in a drawing. */
  readonly label: string;
  /** Meaning, for a page that has the fields in a table. */
  readonly meaning?: string | undefined;
  /** The field's value in a structure that begins at `start`. */
  read(view: DataView, start: number): T;
}

/** Fields by the names of their values, in the order of their offsets. */
export type Fields = Readonly<Record<string, Field>>;

/** A structure. All numbers are little-endian. */
export interface Structure<F extends Fields = Fields> {
  readonly title: string;
  /** Where the offsets are. */
  readonly descriptor: Descriptor;
  /** What the names of the offsets begin with. */
  readonly prefix: string;
  readonly bytes: number;
  readonly fields: F;
}

/** The values of a structure's fields. */
export type Row<S extends Structure> = {
  readonly [K in keyof S["fields"]]: S["fields"][K] extends Field<infer T> ? T : never;
};

/** Reads all fields of a structure that begins at `start`. */
export function rowAt<S extends Structure>(structure: S, view: DataView, start: number): Row<S> {
  const row: Record<string, unknown> = {};
  for (const key in structure.fields) row[key] = structure.fields[key].read(view, start);
  return row as Row<S>;
}

/** Describes structures whose offsets are constants of one descriptor. */
export class Describer<D extends Descriptor> {
  readonly #descriptor: D;

  constructor(descriptor: D) {
    this.#descriptor = descriptor;
  }

  /** A structure; names of its offsets begin with `prefix`. */
  structure<F extends Fields>(
    title: string,
    prefix: string,
    bytes: number,
    fields: F,
  ): Structure<F> {
    return { title, descriptor: this.#descriptor, prefix, bytes, fields };
  }

  /** A field with a reader of its own. */
  field<T>(
    name: keyof D & string,
    bytes: number,
    label: string,
    read: (view: DataView, at: number) => T,
    meaning?: string,
  ): Field<T> {
    const offset = this.#descriptor[name] as number;
    return {
      name,
      offset,
      bytes,
      label,
      meaning,
      read: (view, start) => read(view, start + offset),
    };
  }

  /** An unsigned integer of 8 bits. */
  u8(name: keyof D & string, label: string, meaning?: string): Field<number> {
    return this.field(name, 1, label, (view, at) => view.getUint8(at), meaning);
  }

  /** An unsigned integer of 16 bits. */
  u16(name: keyof D & string, label: string, meaning?: string): Field<number> {
    return this.field(name, 2, label, (view, at) => view.getUint16(at, true), meaning);
  }

  /** An unsigned integer of 32 bits. */
  u32(name: keyof D & string, label: string, meaning?: string): Field<number> {
    return this.field(name, 4, label, (view, at) => view.getUint32(at, true), meaning);
  }

  /** An unsigned integer of 64 bits. */
  u64(name: keyof D & string, label: string, meaning?: string): Field<bigint> {
    return this.field(name, 8, label, (view, at) => view.getBigUint64(at, true), meaning);
  }

  /** A signed integer of 64 bits. */
  i64(name: keyof D & string, label: string, meaning?: string): Field<bigint> {
    return this.field(name, 8, label, (view, at) => view.getBigInt64(at, true), meaning);
  }

  /** A position or a count of 64 bits, as a number: exact up to 2 ** 53. */
  position(name: keyof D & string, label: string, meaning?: string): Field<number> {
    return this.field(name, 8, label, positionAt, meaning);
  }

  /** A double. */
  f64(name: keyof D & string, label: string, meaning?: string): Field<number> {
    return this.field(name, 8, label, (view, at) => view.getFloat64(at, true), meaning);
  }

  /** Bytes, as a view on those of the structure. */
  raw(
    name: keyof D & string,
    bytes: number,
    label: string,
    meaning?: string,
  ): Field<Uint8Array<ArrayBufferLike>> {
    const read = ({ buffer, byteOffset }: DataView, at: number) =>
      new Uint8Array(buffer, byteOffset + at, bytes);
    return this.field(name, bytes, label, read, meaning);
  }
}

function positionAt(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}
