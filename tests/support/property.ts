/**
 * Properties: statements that hold for all inputs, tried with inputs that follow from the run's seed.
 *
 * @module
 */

import fc from "fast-check";
import { withSeed } from "./seed.ts";

/** Tries a property; a failure names the smallest input that was found, and the seed. */
export function assertProperty<T>(
  property: fc.IAsyncProperty<T>,
  parameters?: fc.Parameters<T>,
): Promise<void>;
export function assertProperty<T>(property: fc.IProperty<T>, parameters?: fc.Parameters<T>): void;
export function assertProperty<T>(
  property: fc.IRawProperty<T>,
  parameters: fc.Parameters<T> = {},
): Promise<void> | void {
  return withSeed((seed) => fc.assert(property as fc.IProperty<T>, { seed, ...parameters }));
}
