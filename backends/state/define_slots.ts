/**
 * Slots of shared state with a schema, which a module defines and all sides import.
 *
 * @module
 */

import { checkNoMore } from "../../lib/base/checks.ts";
import { objectWith, oneOf } from "../../lib/base/option_checks.ts";
import { OptionRules } from "../../lib/base/option_rules.ts";
import {
  type CarriedOf,
  CHECKING_SIDES,
  type CheckingSide,
  checkOn,
  checkSchema,
  type SentOf,
} from "../../lib/schema/schema_check.ts";
import type { SendingProblem } from "../../lib/schema/sendable.ts";
import type { AnySchema, OutputOf } from "../../lib/schema/standard_schema.ts";
import { deserializeSlot, serializeSlot } from "./slots.ts";
import type { SharedBackend } from "./types.ts";

/** What `defineSlots` takes. */
export interface SlotsDefinition<
  S extends AnySchema = AnySchema,
  K extends CheckingSide = CheckingSide,
> {
  /** What the values of slots are: any Standard Schema, version 1. It may be asynchronous. */
  readonly schema: S;
  /**
   * Who asks the schema. `"sender"`: what does not match is not appended. `"receiver"`: what does not match is
   * not read; the call rejects. `"none"`: nobody, the schema is a type. Default: `"sender"`.
   */
  readonly check?: K | undefined;
}

/** The slots of a backend of shared state, as values: `I` for those who append, `O` for those who read. */
export interface DefinedSlots<I, O> {
  /** Appends a value to a thread; resolves with its index. See `SharedBackend.bufferAppend`. */
  append(threadId: string, value: I): Promise<number>;
  /** All values of a thread in their order. */
  getThread(threadId: string): Promise<O[]>;
  /** One value. Undefined if the thread has no slot with that index. */
  getSlot(threadId: string, index: number): Promise<O | undefined>;
}

/** Defined slots that are not yet on a backend. */
export interface SlotsOnAny<I, O> {
  /** The slots of a backend of any kind, which the program opens and closes. */
  on(backend: SharedBackend): DefinedSlots<I, O>;
}

/** Rejects a definition with what slots cannot hold: the error of TypeScript is the text of the problem. */
export type SlotDefinition<S extends AnySchema, K extends CheckingSide> =
  SendingProblem<"msgpack", CarriedOf<S, K>> extends infer Problem
    ? [Problem] extends [never] ? unknown : { readonly schema: Problem }
    : never;

const OPTIONS = new OptionRules<SlotsDefinition>("defineSlots()", {
  schema: checkSchema,
  check: oneOf(...CHECKING_SIDES),
});

const checkBackend = objectWith<SharedBackend>("bufferAppend", "bufferGetThread", "bufferGetSlot");

/**
 * Defines what the slots of shared state are, in a module that all sides import.
 *
 * @throws {TypeError} if the schema or an option is invalid
 *
 * @example
 * ```ts
 * import { defineSlots, InMemoryBackend } from "@ringbus/ringbus/state";
 * import { typeOnly } from "@ringbus/ringbus";
 *
 * const context = defineSlots({ schema: typeOnly<{ role: "user" | "agent"; text: string }>() });
 *
 * await using state = new InMemoryBackend();
 * const slots = context.on(state);
 * await slots.append("thread-1", { role: "user", text: "hello" });
 * console.log(await slots.getThread("thread-1")); // [{ role: "user", text: "hello" }]
 * ```
 */
export function defineSlots<S extends AnySchema, K extends CheckingSide = "sender">(
  definition: SlotsDefinition<S, K> & SlotDefinition<S, K>,
): SlotsOnAny<SentOf<S, K>, OutputOf<S>> {
  checkNoMore("defineSlots()", arguments, 1);
  OPTIONS.require(definition);
  checkSchema("schema", definition.schema);
  const kept: SlotsDefinition = Object.freeze({ ...definition });
  return Object.freeze({
    on: (backend: SharedBackend) => new CheckedSlots(checkBackend("backend", backend), kept),
  }) as SlotsOnAny<SentOf<S, K>, OutputOf<S>>;
}

/** Slots whose values are checked. */
class CheckedSlots implements DefinedSlots<unknown, unknown> {
  readonly #backend: SharedBackend;
  readonly #definition: SlotsDefinition;

  constructor(backend: SharedBackend, definition: SlotsDefinition) {
    this.#backend = backend;
    this.#definition = definition;
  }

  async append(threadId: string, value: unknown): Promise<number> {
    checkNoMore("append()", arguments, 2);
    const subject = `cannot append to thread ${JSON.stringify(threadId)}: the value`;
    const checked = await checkOn("sender", this.#definition, value, subject);
    return await this.#backend.bufferAppend(threadId, serializeSlot(checked));
  }

  #valueOf(threadId: string, index: number, slot: Uint8Array): Promise<unknown> {
    const value = deserializeSlot(slot, { threadId, index });
    const subject = `slot ${index} of thread ${JSON.stringify(threadId)}`;
    return checkOn("receiver", this.#definition, value, subject);
  }

  async getThread(threadId: string): Promise<unknown[]> {
    checkNoMore("getThread()", arguments, 1);
    const slots = await this.#backend.bufferGetThread(threadId);
    return await Promise.all(slots.map((slot, index) => this.#valueOf(threadId, index, slot)));
  }

  async getSlot(threadId: string, index: number): Promise<unknown> {
    checkNoMore("getSlot()", arguments, 2);
    const slot = await this.#backend.bufferGetSlot(threadId, index);
    return slot === undefined ? undefined : await this.#valueOf(threadId, index, slot);
  }
}
