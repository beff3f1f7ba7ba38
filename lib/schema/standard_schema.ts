/**
 * The interface of schemas that zod, valibot, arktype and others share: https://standardschema.dev
 *
 * @module
 */

/**
 * A schema of any library that follows Standard Schema, version 1.
 *
 * @example A schema of one's own
 * ```ts
 * import { defineChannel, type StandardSchema } from "@ringbus/ringbus";
 *
 * const percent: StandardSchema<number> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "example",
 *     validate: (value) =>
 *       typeof value === "number" && value >= 0 && value <= 100
 *         ? { value }
 *         : { issues: [{ message: "expected a number from 0 to 100" }] },
 *   },
 * };
 * export const load = defineChannel("load", { pattern: "publish/subscribe", schema: percent });
 * ```
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What the libraries have agreed on. */
  readonly "~standard": {
    /** Version of the interface. */
    readonly version: 1;
    /** Name of the library. */
    readonly vendor: string;
    /** Checks a value: returns it, or another one in its place, or what is wrong with it. */
    readonly validate: (
      value: unknown,
    ) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** The types of the schema; no value at run time. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | {
    /** The value, or what the schema has made of it. */
    readonly value: Output;
    /** Absent. */
    readonly issues?: undefined;
  }
  | {
    /** What is wrong with the value. */
    readonly issues: readonly SchemaResultIssue[];
  };

/** One thing that is wrong, as a schema reports it. */
export interface SchemaResultIssue {
  /** What is wrong. */
  readonly message: string;
  /** The keys that lead to it. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Any schema. */
// deno-lint-ignore no-explicit-any
export type AnySchema = StandardSchema<any, any>;

/** What a schema takes. */
export type InputOf<S extends AnySchema> = NonNullable<S["~standard"]["types"]> extends
  { readonly input: infer I } ? I : unknown;

/** What a schema makes of it. */
export type OutputOf<S extends AnySchema> = NonNullable<S["~standard"]["types"]> extends
  { readonly output: infer O } ? O : unknown;
