/**
 * The options that a call takes. An unknown name, and a value of the wrong type, is an error at once:
 * JavaScript would ignore it, and the call would do something else.
 *
 * @module
 */

import { pluralize } from "./pluralize.ts";
import { extraArgument, shorten } from "./checks.ts";
import { suggestOption, withUnit } from "./suggestions.ts";
import { turnIfDue } from "./turn.ts";

/**
 * Returns a value that an option may have, and throws an error with the option's name for any other.
 * An option that is undefined counts as omitted and is not checked.
 */
export type OptionCheck<V> = (name: string, value: unknown) => V;

/** One check for each option of `T`, no more and no less. */
export type OptionChecks<T> = { readonly [K in keyof Given<T>]: OptionCheck<Given<T>[K]> };

/** Options with a value for each. */
export type Given<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };

/** Values of such options stay out of errors, which may be logged. */
const SECRET = /token|pass|secret|auth|credential|pem|pfx|key$/i;

/**
 * The options of one call, by name.
 *
 * The order matters when a call gets something other than an object: the error names the first option
 * that could have that value.
 */
export class OptionRules<T extends object> {
  readonly #call: string;
  readonly #checks: ReadonlyMap<string, OptionCheck<unknown>>;
  readonly #elsewhere: ReadonlyMap<string, string>;

  /**
   * Rules for a call, which errors name as `call`, such as `"recv()"` or `"new Puller()"`.
   *
   * @param elsewhere options of other calls that are passed to this one by mistake, with the remedy
   */
  constructor(
    call: string,
    checks: OptionChecks<T>,
    elsewhere: Readonly<Record<string, string>> = {},
  ) {
    this.#call = call;
    this.#elsewhere = new Map(Object.entries(elsewhere));
    this.#checks = new Map(Object.entries(checks));
  }

  /** Names of the options. */
  get names(): string[] {
    return [...this.#checks.keys()];
  }

  /**
   * Throws unless `options` is undefined or an object with these options only. Allocates nothing.
   *
   * @throws {TypeError} if it is no object, or has an unknown option
   * @throws {TypeError | RangeError} if the value of an option is invalid
   * @throws {TypeError} if there is an argument behind the options
   */
  check(options: T | undefined, more?: unknown): void {
    if (more !== undefined) throw extraArgument(this.#call, more);
    if (options !== undefined) this.require(options);
  }

  /** As `check`, for a call that returns a promise: its error in a rejected one, after a turn if one is due. */
  rejection(options: T | undefined, more?: unknown): Promise<never> | undefined {
    try {
      this.check(options, more);
    } catch (error) {
      return turnIfDue(Promise.reject(error));
    }
    return undefined;
  }

  /** Throws as `check` does, and for options that are undefined. */
  require(options: T): void {
    if (!isPlainObject(options)) this.#checkInstance(options);
    for (const name in options) {
      const check = this.#checks.get(name);
      const value = options[name];
      if (check === undefined) {
        // What code elsewhere adds to all objects is not an option.
        if (Object.hasOwn(options, name)) throw this.#unknownOption(name, value);
      } else if (value !== undefined) check(name, value);
    }
  }

  /** An instance of a class serves as well, if it has an option. Others, such as a Map, have none. */
  #checkInstance(value: unknown): void {
    if (typeof value === "object" && value !== null) {
      for (const name of this.#checks.keys()) if (name in value) return;
    }
    throw this.#noOptions(value);
  }

  #noOptions(value: unknown): TypeError {
    const name = value == null
      ? undefined
      : this.names.find((name) => accepts(this.#checks.get(name)!, name, value));
    const remedy = name === undefined
      ? `its options are ${this.names.join(", ")}`
      : `write ${shownOption(name, value)}`;
    return new TypeError(
      `${this.#call} takes its options as an object, not ${shorten(value)}: ${remedy}`,
    );
  }

  #suggestion(name: string): string {
    const meant = suggestOption(name, this.names);
    return meant === undefined
      ? `its options are ${this.names.join(", ")}`
      : `did you mean ${withUnit(meant)}?`;
  }

  #unknownOption(name: string, value: unknown): TypeError {
    const remedy = this.#elsewhere.get(name) ?? this.#suggestion(name);
    return new TypeError(
      `${this.#call} has no option ${JSON.stringify(name)} (given: ${
        shownAs(name, value)
      }); ${remedy}`,
    );
  }
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ||
    // An object of another realm.
    Object.getPrototypeOf(prototype) === null;
}

function accepts(check: OptionCheck<unknown>, name: string, value: unknown): boolean {
  if (typeof value === "function") return false;
  try {
    check(name, value);
    return true;
  } catch {
    return false;
  }
}

function shownOption(name: string, value: unknown): string {
  return typeof value === "object" ? `{ ${name} }` : `{ ${name}: ${shownAs(name, value)} }`;
}

function shownAs(name: string, value: unknown): string {
  const mayBeSecret = SECRET.test(name) || typeof value === "string" && value.includes("@");
  if (!mayBeSecret || typeof value === "boolean" || value == null) return shorten(value);
  return typeof value === "string"
    ? `a text of ${pluralize(value.length, "character")}`
    : typeof value;
}
