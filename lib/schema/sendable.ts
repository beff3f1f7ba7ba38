/**
 * What a codec cannot send, as a type.
 *
 * @module
 */

import type { CodecName } from "../codecs/builtin.ts";
import type { Codec } from "../codecs/codec.ts";
import type { Tensor, TypedArray } from "../codecs/tensor.ts";

/**
 * What is wrong with messages of type `T` for codec `C`, as a text with the path; `never` if TypeScript knows
 * of nothing. What lies deeper than eight levels is looked at when it is sent.
 */
export type SendingProblem<
  C extends CodecName | Codec | "JSON with bigints",
  T,
  Path extends string = "$",
  Levels extends 0[] = [],
> = unknown extends T ? never
  // `codec: undefined` names none: the default is chosen, as without the option.
  : [CodecName | Codec] extends [C] ? SendingProblem<"msgpack", T, Path, Levels>
  : T extends Exclude<TypedArray, Uint8Array> | Tensor<Exclude<TypedArray, Uint8Array>>
    ? Path extends "$" ? never
    : C extends "json" | "JSON with bigints" ? `binary data at ${Path} cannot be sent as JSON`
    : never
  : C extends Codec<infer V> ? T extends V ? never : "the codec takes values of another type"
  : C extends "raw" ? T extends Uint8Array ? never : 'codec "raw" sends Uint8Arrays alone'
  : Levels["length"] extends 8 ? never
  : T extends symbol ? `a symbol at ${Path} cannot be sent`
  : T extends bigint ? C extends "json" ? `a bigint at ${Path} cannot be sent as JSON` : never
  : T extends string | number | boolean | null | undefined | void ? never
  // deno-lint-ignore no-explicit-any
  : T extends ((...args: any) => unknown) | (abstract new (...args: any) => unknown)
    ? `a function at ${Path} cannot be sent`
  : T extends Promise<unknown> ? `a Promise at ${Path} cannot be sent`
  : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | RegExp
    ? C extends "clone" ? never
    : `a Map, a Set or a RegExp at ${Path} cannot be sent with "${C & string}"`
  : T extends Date
    ? C extends "json" | "JSON with bigints" ? `a Date at ${Path} would arrive as a text, as JSON`
    : never
  : T extends ArrayBuffer | ArrayBufferView
    ? C extends "json" | "JSON with bigints" ? `binary data at ${Path} cannot be sent as JSON`
    : never
  : T extends SharedArrayBuffer ? `a SharedArrayBuffer at ${Path} cannot be sent`
  : T extends readonly (infer E)[] ? SendingProblem<C, E, `${Path}[]`, [...Levels, 0]>
  : T extends object ? {
      [K in keyof T & string]-?: SendingProblem<C, T[K], `${Path}.${K}`, [...Levels, 0]>;
    }[keyof T & string]
  : never;
